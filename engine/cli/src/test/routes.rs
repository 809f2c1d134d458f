//! What a test adds to the plan, to see what comes out: sinks of the streams that it looks at, and routes for what it expects to be set aside.

use tidegate_model::NodeId;
use tidegate_model::plan::{JsonFormat, Node, NodeKind, Plan, Rolling, Route, Sink, SinkKey};
use tidegate_model::test_case::Aside;

/// Where a sink that a test adds writes what a stream gives.
pub fn tap_topic(stream: &str) -> String {
    format!("tap.{stream}")
}

/// The plan with a sink more for each observed stream, which gives every column; a table's rows have their key.
pub fn with_taps(plan: &Plan, observed: &[(&str, &[usize])]) -> Plan {
    let mut plan = plan.clone();
    for (stream, key) in observed {
        let topic = tap_topic(stream);
        if plan.nodes.iter().any(|node| node.name == topic) {
            continue;
        }
        let (_, input) = *plan.names.iter().find(|(name, _)| name == stream).expect("the check found it");
        let tapped = plan.node(input).clone();
        let sink = Sink {
            topic: topic.clone(),
            key: if key.is_empty() { SinkKey::None } else { SinkKey::Columns(key.to_vec()) },
            pass_through: false,
            compacted: false,
            format: JsonFormat::default(),
        };
        plan.nodes.push(Node {
            id: NodeId(plan.nodes.len() as u32),
            name: topic,
            kind: NodeKind::Sink(sink),
            inputs: vec![input],
            subtopology: tapped.subtopology,
            schema: tapped.schema,
            line: tapped.line,
        });
    }
    plan
}

/// The plan with a route wherever a test expects what is set aside: an event that would stop the topology is then kept to be compared.
pub fn with_routes(mut plan: Plan, asides: &[(&str, Aside)]) -> Plan {
    for (step, aside) in asides {
        let own = route_of(&plan, step, *aside);
        let route = own.unwrap_or_else(|| Route { topic: format!("aside.{}.{step}", aside.word()) });
        for part in parts(&plan, step) {
            let is_before = plan.nodes[part].step() != *step;
            if let Some(slot) = slot(&mut plan.nodes[part].kind, *aside, is_before) {
                slot.get_or_insert_with(|| route.clone());
            }
        }
    }
    plan
}

/// The nodes that a step is made of. The repartition before an aggregate may evaluate the aggregate's functions: what fails there is the
/// aggregate's to say.
pub fn parts(plan: &Plan, step: &str) -> Vec<usize> {
    let own = plan.nodes.iter().filter(|node| node.step() == step);
    let with_before = own.flat_map(|node| partial_before(plan, node).into_iter().chain([node]));
    with_before.map(|node| node.id.0 as usize).collect()
}

fn partial_before<'a>(plan: &'a Plan, node: &Node) -> Option<&'a Node> {
    let before = plan.node(*node.inputs.first()?);
    matches!(&before.kind, NodeKind::Repartition(repartition) if repartition.partial).then_some(before)
}

/// Where a step sets events aside for a reason.
pub fn route_of(plan: &Plan, step: &str, aside: Aside) -> Option<Route> {
    let nodes = plan.nodes.iter().filter(|node| node.step() == step);
    nodes.filter_map(|node| slot(&mut node.kind.clone(), aside, false)?.clone()).next()
}

/// `is_before`: it is the repartition before the step.
fn slot(kind: &mut NodeKind, aside: Aside, is_before: bool) -> Option<&mut Option<Route>> {
    if let (Aside::Late, NodeKind::Rolling(Rolling { ordered: false, .. })) = (aside, &*kind) {
        return None;
    }
    match (aside, kind) {
        (Aside::Malformed, NodeKind::Source(source)) => Some(&mut source.malformed),
        (Aside::Malformed, NodeKind::Table(table)) => Some(&mut table.malformed),
        (Aside::Late, NodeKind::Aggregate(aggregate)) => {
            aggregate.window.as_mut().map(|window| &mut window.late)
        }
        (Aside::Late, NodeKind::JoinStreams(join)) => Some(&mut join.late),
        (Aside::Late, NodeKind::Match(pattern)) => Some(&mut pattern.late),
        (Aside::Late, NodeKind::Rolling(rolling)) => Some(&mut rolling.late),
        (Aside::Errors, NodeKind::Repartition(repartition)) if is_before => Some(&mut repartition.errors),
        (Aside::Errors, NodeKind::Filter(filter)) => Some(&mut filter.errors),
        (Aside::Errors, NodeKind::Map(map)) => Some(&mut map.errors),
        (Aside::Errors, NodeKind::Expand(expand)) => Some(&mut expand.errors),
        (Aside::Errors, NodeKind::Aggregate(aggregate)) => Some(&mut aggregate.errors),
        (Aside::Errors, NodeKind::Rolling(rolling)) => Some(&mut rolling.errors),
        (Aside::Errors, NodeKind::JoinTable(join)) => Some(&mut join.errors),
        (Aside::Errors, NodeKind::JoinStreams(join)) => Some(&mut join.errors),
        (Aside::Errors, NodeKind::JoinTables(join)) => Some(&mut join.errors),
        (Aside::Errors, NodeKind::Match(pattern)) => Some(&mut pattern.errors),
        (Aside::Errors, NodeKind::Dedupe(dedupe)) => Some(&mut dedupe.errors),
        (Aside::Errors, NodeKind::Latest(latest)) => Some(&mut latest.errors),
        (Aside::Errors, NodeKind::Changes(changes)) => Some(&mut changes.errors),
        (Aside::Errors, NodeKind::Top(top)) => Some(&mut top.errors),
        (Aside::Errors, NodeKind::Schedule(schedule)) => Some(&mut schedule.errors),
        _ => None,
    }
}
