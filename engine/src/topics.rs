//! The topics of a plan: what it needs of the user's, and which internal ones it makes, with how many partitions.

use crate::program::written_topics;
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;
use tidegate_model::SubtopologyId;
use tidegate_model::plan::{NodeKind, Plan};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum InternalKind {
    /// Records are deleted once they are read and committed.
    Repartition,
    /// Rows on their way out of the topology; deleted once they are delivered.
    Outbox,
    /// Compacted: the last record of each key is the state.
    Changelog,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct InternalTopic {
    pub name: String,
    pub kind: InternalKind,
    pub partitions: u32,
}

/// A topic of the user's, and what the topology does with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserTopic {
    pub name: String,
    pub read: bool,
    /// Line of the topology file where it is first named.
    pub line: u32,
}

#[derive(Clone, PartialEq, Eq, Error, Debug)]
#[error("{} are read together and must have equally many partitions: {}; make them equal, or put `repartition by` before the join", names(.topics), counts(.topics))]
pub struct NotCoPartitioned {
    /// Name and number of partitions.
    pub topics: Vec<(String, u32)>,
}

fn names(topics: &[(String, u32)]) -> String {
    topics.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(" and ")
}

fn counts(topics: &[(String, u32)]) -> String {
    topics.iter().map(|(name, partitions)| format!("{name} has {partitions}")).collect::<Vec<_>>().join(", ")
}

/// The user's topics, each once, in the order of the plan; those that are read first.
pub fn user_topics(plan: &Plan) -> Vec<UserTopic> {
    let mut topics: Vec<UserTopic> = Vec::new();
    for node in &plan.nodes {
        let name = match &node.kind {
            NodeKind::Source(source) => &source.topic,
            NodeKind::Table(table) => &table.topic,
            _ => continue,
        };
        topics.push(UserTopic { name: name.clone(), read: true, line: node.line });
    }
    for written in written_topics(plan).into_iter().filter(|topic| !topic.internal) {
        if topics.iter().any(|topic| topic.name == written.name) {
            continue;
        }
        let names_it = |node: &&tidegate_model::plan::Node| matches!(&node.kind, NodeKind::Sink(sink) if sink.topic == written.name);
        let route = plan.routes().find(|route| route.topic == written.name);
        let named_by = plan.nodes.iter().find(names_it).or(route.map(|route| plan.node(route.node)));
        let line = named_by.map_or(0, |node| node.line);
        topics.push(UserTopic { name: written.name, read: false, line });
    }
    topics
}

/// Every topic whose partitions are shared out among the workers, internal ones included, each once. (A global table is read by all of them.)
pub fn read_topics(plan: &Plan) -> Vec<String> {
    let topics: BTreeSet<&str> = plan
        .nodes
        .iter()
        .filter_map(|node| match &node.kind {
            NodeKind::Source(source) => Some(source.topic.as_str()),
            NodeKind::Table(table) if table.global => None,
            NodeKind::Table(table) => Some(table.topic.as_str()),
            kind => kind.internal_topic(),
        })
        .collect();
    topics.into_iter().map(str::to_owned).collect()
}

/// The topics of global tables, all of which every worker reads.
pub fn global_topics(plan: &Plan) -> impl Iterator<Item = &str> {
    plan.nodes.iter().filter_map(|node| match &node.kind {
        NodeKind::Table(table) if table.global => Some(table.topic.as_str()),
        _ => None,
    })
}

/// The internal topics, given how many partitions each topic that is read has. A sub-topology has as many tasks as its topics have
/// partitions; one that reads only repartitions has as many as the largest of those that feed it.
pub fn internal_topics(
    plan: &Plan,
    partitions: &dyn Fn(&str) -> u32,
) -> Result<Vec<InternalTopic>, NotCoPartitioned> {
    let mut counted = Counted { plan, partitions, counts: BTreeMap::new(), visiting: BTreeSet::new() };
    let mut topics = Vec::new();
    for node in &plan.nodes {
        if node.has_store() {
            let partitions = counted.tasks_of(node.subtopology)?;
            topics.push(InternalTopic {
                name: plan.changelog_topic(node),
                kind: InternalKind::Changelog,
                partitions,
            });
        }
        if let Some(name) = node.outbox_topic(&plan.topology) {
            let partitions = counted.tasks_of(node.subtopology)?;
            topics.push(InternalTopic { name, kind: InternalKind::Outbox, partitions });
        }
        if let Some(topic) = node.kind.internal_topic() {
            let reader = plan.consumers(node.id).next().expect("an internal topic is read").subtopology;
            let partitions = counted.tasks_of(reader)?;
            topics.push(InternalTopic {
                name: topic.to_owned(),
                kind: InternalKind::Repartition,
                partitions,
            });
        }
    }
    for subtopology in 0..plan.subtopologies() {
        counted.tasks_of(SubtopologyId(subtopology))?;
    }
    Ok(topics)
}

struct Counted<'a> {
    plan: &'a Plan,
    partitions: &'a dyn Fn(&str) -> u32,
    counts: BTreeMap<SubtopologyId, u32>,
    visiting: BTreeSet<SubtopologyId>,
}

impl Counted<'_> {
    fn tasks_of(&mut self, subtopology: SubtopologyId) -> Result<u32, NotCoPartitioned> {
        if let Some(count) = self.counts.get(&subtopology) {
            return Ok(*count);
        }
        let inputs = self.plan.inputs_of(subtopology);
        let user: Vec<(String, u32)> = inputs
            .iter()
            .filter(|(_, node)| node.kind.internal_topic().is_none())
            .map(|(topic, _)| ((*topic).to_owned(), (self.partitions)(topic)))
            .collect();
        if let Some((_, first)) = user.first() {
            if user.iter().any(|(_, count)| count != first) {
                return Err(NotCoPartitioned { topics: user });
            }
            self.counts.insert(subtopology, *first);
            return Ok(*first);
        }
        self.visiting.insert(subtopology);
        let mut most = 1;
        // Asks and answers go to the partitions that there are.
        for (_, node) in inputs.into_iter().filter(|(_, node)| !node.kind.is_apart()) {
            if !self.visiting.contains(&node.subtopology) {
                most = most.max(self.tasks_of(node.subtopology)?);
            }
        }
        self.visiting.remove(&subtopology);
        self.counts.insert(subtopology, most);
        Ok(most)
    }
}
