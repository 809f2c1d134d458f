//! The part of a topology that the engine can run: what the tests of it need may all be there, though something else is lacking.

use std::collections::BTreeMap;
use tidegate_model::NodeId;
use tidegate_model::plan::{Generate, HttpPoll, Node, NodeKind, Plan, Source};
use tidegate_model::test_case::{TestCase, TestStep};

/// The plan as tests drive it: what comes from outside is fed.
pub fn fed(mut plan: Plan) -> Plan {
    for node in &mut plan.nodes {
        let (key, time, malformed) = match &node.kind {
            NodeKind::HttpPoll(HttpPoll { key, time, malformed, .. }) => (key, time, malformed.clone()),
            NodeKind::Generate(Generate { key, time, .. }) => (key, time, None),
            _ => continue,
        };
        let topic = format!("fed.{}", node.name);
        node.kind = NodeKind::Source(Source { topic, key: *key, time: time.clone(), malformed });
    }
    plan
}

/// A plan without the nodes that the engine lacks, and without those that depend on them.
pub struct Runnable {
    pub plan: Plan,
    /// By the names of the nodes that are left out: what is lacking.
    lost: BTreeMap<String, Lacking>,
    /// By the names of sources, tables and streams: the node that they stand for.
    nodes: BTreeMap<String, String>,
}

#[derive(Clone)]
struct Lacking {
    node: String,
    words: &'static str,
}

impl Runnable {
    pub fn of(plan: &Plan) -> Runnable {
        let mut lost: BTreeMap<NodeId, Lacking> = BTreeMap::new();
        for (id, words) in plan.not_runnable() {
            lost.insert(id, Lacking { node: plan.node(id).name.clone(), words });
        }
        loop {
            let more: Vec<(NodeId, Lacking)> = plan
                .nodes
                .iter()
                .filter(|node| !lost.contains_key(&node.id))
                .filter_map(|node| Some((node.id, because(plan, node, &lost)?)))
                .collect();
            if more.is_empty() {
                break;
            }
            lost.extend(more);
        }
        Runnable {
            plan: without(plan, &lost),
            nodes: plan.names.iter().map(|(name, id)| (name.clone(), plan.node(*id).name.clone())).collect(),
            lost: lost.into_iter().map(|(id, lacking)| (plan.node(id).name.clone(), lacking)).collect(),
        }
    }

    pub fn runs(&self, node: &Node) -> bool {
        !self.lost.contains_key(&node.name)
    }

    /// Why a test cannot be run; None: all that it feeds and looks at is there.
    pub fn lacks(&self, case: &TestCase) -> Option<String> {
        case.steps.iter().find_map(|step| {
            let (shown, lacking) = match step {
                TestStep::Feed { input: name, .. }
                | TestStep::Expect { stream: name, .. }
                | TestStep::Snapshot { stream: name, .. } => (name, self.lost.get(self.nodes.get(name)?)?),
                TestStep::ExpectAside { node, .. } => (node, self.lost.get(node)?),
                TestStep::AdvanceTo(_) => return None,
            };
            Some(format!(
                "`{shown}` needs `{}` ({}), which this version cannot run yet",
                lacking.words, lacking.node
            ))
        })
    }
}

/// What makes a node be left out along with others.
fn because(plan: &Plan, node: &Node, lost: &BTreeMap<NodeId, Lacking>) -> Option<Lacking> {
    if let Some(lacking) = node.inputs.iter().find_map(|input| lost.get(input)) {
        return Some(lacking.clone());
    }
    match &node.kind {
        // What is lost writes the topic.
        NodeKind::Source(source) => plan.nodes.iter().find_map(|other| match &other.kind {
            NodeKind::Sink(sink) if sink.topic == source.topic => lost.get(&other.id).cloned(),
            _ => None,
        }),
        // Nobody reads it any more.
        kind if kind.internal_topic().is_some() => {
            let mut readers = plan.consumers(node.id).map(|reader| lost.get(&reader.id));
            let first = readers.next()?.cloned();
            if readers.all(|lacking| lacking.is_some()) { first } else { None }
        }
        _ => None,
    }
}

fn without(plan: &Plan, lost: &BTreeMap<NodeId, Lacking>) -> Plan {
    let kept: Vec<&Node> = plan.nodes.iter().filter(|node| !lost.contains_key(&node.id)).collect();
    let ids: BTreeMap<NodeId, NodeId> =
        kept.iter().enumerate().map(|(index, node)| (node.id, NodeId(index as u32))).collect();
    let nodes = kept.into_iter().map(|node| Node {
        id: ids[&node.id],
        inputs: node.inputs.iter().map(|input| ids[input]).collect(),
        ..node.clone()
    });
    Plan {
        topology: plan.topology.clone(),
        nodes: nodes.collect(),
        names: plan.names.iter().filter_map(|(name, id)| Some((name.clone(), *ids.get(id)?))).collect(),
    }
}
