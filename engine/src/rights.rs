//! What a topology must be allowed to do on a broker with access control, and nothing more.

use crate::program::written_topics;
use crate::topics::{InternalKind, internal_topics, user_topics};
use std::collections::BTreeSet;
use tidegate_model::plan::{NodeKind, Plan};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Resource {
    Topic,
    Group,
    TransactionalId,
}

/// As Kafka's own tools spell them. `Read` and `Write` bring `Describe` along.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Operation {
    Read,
    Write,
    Create,
    /// Records that were read are deleted.
    Delete,
    DescribeConfigs,
}

/// What may be done with one resource, or with all whose names begin so.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Right {
    pub resource: Resource,
    pub name: String,
    pub prefixed: bool,
    pub operations: Vec<Operation>,
}

/// The rights of one principal under which the topology runs.
pub fn rights(plan: &Plan) -> Vec<Right> {
    let mut rights = Vec::new();
    let written: Vec<String> =
        written_topics(plan).into_iter().filter(|topic| !topic.internal).map(|topic| topic.name).collect();
    for topic in user_topics(plan) {
        let mut operations = Vec::new();
        if topic.read {
            operations.push(Operation::Read);
        }
        if written.contains(&topic.name) {
            operations.extend([Operation::Write, Operation::DescribeConfigs]);
        }
        rights.push(of(Resource::Topic, topic.name, false, operations));
    }
    // How many partitions there are is nothing to this.
    let internal = internal_topics(plan, &|_| 1).expect("equally many");
    if !internal.is_empty() {
        let mut operations =
            vec![Operation::Read, Operation::Write, Operation::Create, Operation::DescribeConfigs];
        if internal.iter().any(|topic| topic.kind != InternalKind::Changelog) {
            operations.push(Operation::Delete);
        }
        rights.push(of(Resource::Topic, format!("{}.", plan.topology), true, operations));
    }
    let outboxes = plan.nodes.iter().filter_map(|node| match &node.kind {
        NodeKind::HttpSink(_) => node.outbox_topic(&plan.topology),
        _ => None,
    });
    for group in [plan.topology.clone()].into_iter().chain(outboxes) {
        rights.push(of(Resource::TransactionalId, format!("{group}-"), true, vec![Operation::Write]));
        rights.push(of(Resource::Group, group, false, vec![Operation::Read]));
    }
    rights.sort();
    rights
}

/// The group that keeps which records of a route's topic were sent back.
pub fn dlq_group(topology: &str, topic: &str) -> String {
    format!("{topology}.dlq.{topic}")
}

/// The rights of one principal who looks at what the routes have set aside, and sends it back.
pub fn dlq_rights(plan: &Plan) -> Vec<Right> {
    let topics: BTreeSet<&str> = plan.routes().map(|route| route.topic).collect();
    let mut rights = Vec::new();
    for topic in &topics {
        let group = dlq_group(&plan.topology, topic);
        rights.push(of(Resource::Topic, (*topic).to_owned(), false, vec![Operation::Read]));
        rights.push(of(Resource::TransactionalId, format!("{group}-"), true, vec![Operation::Write]));
        rights.push(of(Resource::Group, group, false, vec![Operation::Read]));
    }
    // A row that an `http` sink has given up goes back to its outbox, all else to the topic that it was read from.
    let words: BTreeSet<&str> = plan.routes().map(|route| route.word).collect();
    let outboxes = plan.nodes.iter().filter_map(|node| node.outbox_topic(&plan.topology));
    let outboxes = outboxes.filter(|_| words.contains("failed"));
    let read = user_topics(plan).into_iter().filter(|topic| topic.read).map(|topic| topic.name);
    let read = read.filter(|_| words.iter().any(|word| *word != "failed"));
    for topic in outboxes.chain(read) {
        rights.push(of(Resource::Topic, topic, false, vec![Operation::Write]));
    }
    rights.sort();
    rights
}

fn of(resource: Resource, name: String, prefixed: bool, operations: Vec<Operation>) -> Right {
    Right { resource, name, prefixed, operations }
}
