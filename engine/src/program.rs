//! A plan made ready for one worker: which columns are needed, which topics are written, how many partitions there are.

use crate::limits::Limits;
use crate::log::{LogError, TopicHandle, Writer};
use crate::needed::Needed;
use crate::progress::UPSTREAMS_MAX;
use crate::route::Route;
use std::collections::BTreeMap;
use std::sync::Arc;
use tidegate_model::plan::{Node, NodeKind, Plan, Route as PlanRoute};
use tidegate_model::{PartitionId, SubtopologyId, TaskId, TopicPartition};

pub struct Program {
    pub plan: Plan,
    pub needed: Needed,
    pub limits: Limits,
    handles: BTreeMap<String, TopicHandle>,
    partitions: BTreeMap<String, u32>,
}

impl Program {
    /// Makes every topic that the plan writes known to the writer.
    pub fn new<W: Writer>(plan: Plan, limits: Limits, writer: &mut W) -> Result<Program, LogError> {
        let lacking = plan.not_runnable();
        assert!(lacking.is_empty(), "a plan that cannot run was not refused: {lacking:?}");
        let needed = Needed::of(&plan);
        let mut program = Program {
            needed,
            limits,
            handles: BTreeMap::new(),
            partitions: BTreeMap::new(),
            plan: plan.clone(),
        };
        for topic in written_topics(&plan) {
            let handle = writer.topic(&topic.name, topic.changelog)?;
            program.partitions.insert(topic.name.clone(), writer.partitions(handle));
            program.handles.insert(topic.name, handle);
        }
        for subtopology in 0..plan.subtopologies() {
            for (topic, _) in plan.inputs_of(SubtopologyId(subtopology)) {
                program.count_partitions(topic, writer)?;
            }
        }
        for node in &plan.nodes {
            if let NodeKind::Table(table) = &node.kind {
                program.count_partitions(&table.topic, writer)?;
            }
        }
        program.check_upstreams()?;
        Ok(program)
    }

    fn count_partitions<W: Writer>(&mut self, topic: &str, writer: &mut W) -> Result<(), LogError> {
        if !self.partitions.contains_key(topic) {
            let handle = writer.topic(topic, false)?;
            self.partitions.insert(topic.to_owned(), writer.partitions(handle));
        }
        Ok(())
    }

    /// The watermarks of all upstream tasks travel in the note of one offset.
    fn check_upstreams(&self) -> Result<(), LogError> {
        for node in &self.plan.nodes {
            let Some(topic) = node.kind.internal_topic() else { continue };
            let upstreams = self.tasks_of(node.subtopology) as usize;
            if upstreams > UPSTREAMS_MAX {
                return Err(LogError::Fatal(format!(
                    "{topic} is fed by {upstreams} partitions, and at most {UPSTREAMS_MAX} can be followed: let a sink write the stream to a topic with fewer partitions, and read that as a source"
                )));
            }
        }
        Ok(())
    }

    pub fn handle(&self, topic: &str) -> TopicHandle {
        *self.handles.get(topic).unwrap_or_else(|| panic!("{topic} is written, so it was made known"))
    }

    /// Where a node sets events aside; `route`: what the topology says about it.
    pub fn route(&self, node: &Node, word: &'static str, route: Option<&PlanRoute>) -> Route {
        Route {
            topology: self.plan.topology.as_str().into(),
            step: node.name.as_str().into(),
            line: node.line,
            word,
            topic: route.map(|route| self.handle(&route.topic)),
            fields: None,
        }
    }

    pub fn partitions(&self, topic: &str) -> u32 {
        *self.partitions.get(topic).unwrap_or_else(|| panic!("{topic} is part of the plan"))
    }

    /// Does an event of this sub-topology look up what another one of the same batch may have changed, or is each change of a join of tables an
    /// event? Then they are worked on one by one.
    pub fn is_one_by_one(&self, subtopology: SubtopologyId) -> bool {
        let looks = |node: &Node| match &node.kind {
            NodeKind::JoinTable(join) => join.derived.is_some(),
            NodeKind::Changes(_) => matches!(self.plan.node(node.inputs[0]).kind, NodeKind::JoinTables(_)),
            _ => false,
        };
        self.plan.nodes.iter().any(|node| node.subtopology == subtopology && looks(node))
    }

    /// Of the caches of a worker's tasks; global tables have as much.
    pub fn cache_bytes(&self) -> usize {
        let is_global = |node: &Node| matches!(&node.kind, NodeKind::Table(table) if table.global);
        if self.plan.nodes.iter().any(is_global) {
            self.limits.cache_bytes / 2
        } else {
            self.limits.cache_bytes
        }
    }

    /// How many tasks a sub-topology has: its inputs have equally many partitions, which was checked before the start.
    pub fn tasks_of(&self, subtopology: SubtopologyId) -> u32 {
        self.plan.inputs_of(subtopology).first().map_or(0, |(topic, _)| self.partitions(topic))
    }

    /// The inputs of a task, in the plan's order.
    pub fn inputs_of(&self, task: TaskId) -> Vec<(TopicPartition, &Node)> {
        let partition = task.partition;
        self.plan
            .inputs_of(task.subtopology)
            .into_iter()
            .map(|(topic, node)| (TopicPartition { topic: topic.to_owned(), partition }, node))
            .collect()
    }

    /// The tasks that the assigned partitions make, and the partitions of an incomplete set (an input is missing).
    pub fn tasks_for(&self, assigned: &[TopicPartition]) -> Result<Vec<TaskId>, LogError> {
        let mut tasks = Vec::new();
        for subtopology in (0..self.plan.subtopologies()).map(SubtopologyId) {
            for partition in (0..self.tasks_of(subtopology) as i32).map(PartitionId) {
                let task = TaskId { subtopology, partition };
                let inputs = self.inputs_of(task);
                let mine = inputs.iter().filter(|(input, _)| assigned.contains(input)).count();
                if mine == 0 {
                    continue;
                }
                if mine < inputs.len() {
                    let names: Vec<String> = inputs.iter().map(|(input, _)| input.to_string()).collect();
                    return Err(LogError::Fatal(format!(
                        "the group gave this worker only {mine} of {}, which must stay together; is a member with another assignor or topology in the group?",
                        names.join(", ")
                    )));
                }
                tasks.push(task);
            }
        }
        Ok(tasks)
    }

    /// The stores of a task: table name and changelog topic.
    pub fn stores_of(&self, subtopology: SubtopologyId) -> Vec<(String, String)> {
        self.plan
            .stores_of(subtopology)
            .map(|node| (node.name.clone(), self.plan.changelog_topic(node)))
            .collect()
    }

    pub fn shared_topic(&self, name: &str) -> Arc<str> {
        name.into()
    }
}

/// What a plan writes to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct WrittenTopic {
    pub name: String,
    pub changelog: bool,
    /// Made and owned by the topology: a changelog or a repartition.
    pub internal: bool,
}

/// Every topic that the plan writes to, once.
pub fn written_topics(plan: &Plan) -> Vec<WrittenTopic> {
    let mut topics = std::collections::BTreeSet::new();
    let sinks = plan.nodes.iter().filter_map(|node| match &node.kind {
        NodeKind::Sink(sink) => Some(sink.topic.as_str()),
        _ => None,
    });
    for topic in sinks.chain(plan.routes().map(|route| route.topic)) {
        topics.insert(WrittenTopic { name: topic.to_owned(), changelog: false, internal: false });
    }
    for node in &plan.nodes {
        if let Some(topic) = node.kind.internal_topic() {
            topics.insert(WrittenTopic { name: topic.to_owned(), changelog: false, internal: true });
        }
        if let Some(topic) = node.outbox_topic(&plan.topology) {
            topics.insert(WrittenTopic { name: topic, changelog: false, internal: true });
        }
        if node.has_store() {
            topics.insert(WrittenTopic { name: plan.changelog_topic(node), changelog: true, internal: true });
        }
    }
    topics.into_iter().collect()
}
