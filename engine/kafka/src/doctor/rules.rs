//! What must hold of brokers and topics for what the topology promises (`engine/PROMISES.md`).

use super::facts::{Facts, Topic, is_kafkas_own};
use super::{Finding, Level};
use crate::settings::{SESSION_TIMEOUT_MS, Settings};
use std::collections::BTreeMap;
use std::time::Duration;
use tidegate_engine::program::written_topics;
use tidegate_engine::topics::{InternalKind, InternalTopic, internal_topics, user_topics};
use tidegate_model::plan::{NodeKind, Plan};

/// Copies that survive the loss of one broker while another is being mended.
const REPLICAS: usize = 3;
/// Kafka's default.
const OFFSETS_KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

pub fn findings(plan: &Plan, settings: &Settings, facts: &Facts) -> Vec<Finding> {
    let mut found = Found::default();
    let missing = missing(plan, facts, &mut found);
    let internal = match missing {
        true => Vec::new(),
        false => internal(plan, facts, &mut found),
    };
    if facts.brokers == 1 {
        found.warn(
            "the brokers",
            "there is one broker: what its disk loses is lost, and while it is away nothing runs".to_owned(),
            "for production have three brokers, and topics with 3 replicas",
        );
    }
    for (name, topic) in &facts.topics {
        copies(name, topic, facts.brokers, &mut found);
    }
    let written = written_topics(plan);
    for written in written.iter().filter(|written| !written.internal) {
        if let Some(topic) = facts.topics.get(&written.name) {
            written_by_users_topic(plan, &written.name, topic, &mut found);
        }
    }
    for topic in &internal {
        if let Some(there) = facts.topics.get(&topic.name) {
            own_topic(topic, there, &mut found);
        }
    }
    tables(plan, facts, &mut found);
    if let Some(broker) = &facts.broker {
        brokers(broker, settings, &mut found);
    }
    found.findings
}

#[derive(Default)]
struct Found {
    findings: Vec<Finding>,
}

impl Found {
    fn add(&mut self, level: Level, about: &str, what: String, mend: &str) {
        self.findings.push(Finding { level, about: about.to_owned(), what, mend: mend.to_owned() });
    }

    fn warn(&mut self, about: &str, what: String, mend: &str) {
        self.add(Level::Warning, about, what, mend);
    }

    fn error(&mut self, about: &str, what: String, mend: &str) {
        self.add(Level::Error, about, what, mend);
    }
}

/// The user's topics that are not there. Is there one?
fn missing(plan: &Plan, facts: &Facts, found: &mut Found) -> bool {
    let topics = user_topics(plan).into_iter().filter(|topic| !facts.topics.contains_key(&topic.name));
    let before = found.findings.len();
    for topic in topics {
        let what = match topic.line {
            0 => "is not there".to_owned(),
            line => format!("is not there (line {line} of the topology)"),
        };
        found.error(&topic.name, what, "create it, or mend its name");
    }
    found.findings.len() > before
}

fn internal(plan: &Plan, facts: &Facts, found: &mut Found) -> Vec<InternalTopic> {
    let topics = match internal_topics(plan, &|topic| facts.topics[topic].partitions) {
        Ok(topics) => topics,
        Err(error) => {
            let names: Vec<&str> = error.topics.iter().map(|(name, _)| name.as_str()).collect();
            found.error(&names.join(", "), error.to_string(), "a join needs the rows of one key in one task");
            return Vec::new();
        }
    };
    for topic in &topics {
        let Some(there) = facts.topics.get(&topic.name).filter(|there| there.partitions != topic.partitions)
        else {
            continue;
        };
        found.error(
            &topic.name,
            format!("has {} partitions and needs {}", there.partitions, topic.partitions),
            "the partitions of an input were changed: reset the topology, or give it another name",
        );
    }
    topics
}

/// How many disks must be lost for a record to be.
fn copies(name: &str, topic: &Topic, brokers: usize, found: &mut Found) {
    if brokers > 1 && topic.replicas < REPLICAS.min(brokers) {
        let copies = if topic.replicas == 1 { "one replica" } else { "2 replicas" };
        found.warn(
            name,
            format!("has {copies}, and there are {brokers} brokers"),
            "give it 3 replicas (kafka-reassign-partitions)",
        );
    }
    if topic.in_sync < topic.replicas {
        found.warn(
            name,
            format!("{} of {} replicas are in sync", topic.in_sync, topic.replicas),
            "look at the brokers that lag behind before anything else",
        );
    }
    let least: Option<usize> = topic.config("min.insync.replicas").and_then(|value| value.parse().ok());
    match least {
        Some(least) if least > topic.replicas => found.error(
            name,
            format!(
                "min.insync.replicas is {least}, and it has {} replicas: it takes no writes",
                topic.replicas
            ),
            "lower min.insync.replicas, or add replicas",
        ),
        Some(least) if least == topic.replicas && topic.replicas > 1 => found.warn(
            name,
            format!("min.insync.replicas is {least}, as many as it has replicas: one broker away stops it"),
            "have one replica more than min.insync.replicas",
        ),
        Some(1) if topic.replicas > 1 => found.warn(
            name,
            "min.insync.replicas is 1: a write may be answered with one copy, and be lost with it".to_owned(),
            "set min.insync.replicas to 2",
        ),
        _ => {}
    }
    if topic.config("unclean.leader.election.enable") == Some("true") && !is_kafkas_own(name) {
        found.warn(
            name,
            "a replica that is behind may become leader: what was committed may be taken back".to_owned(),
            "set unclean.leader.election.enable to false",
        );
    }
}

fn written_by_users_topic(plan: &Plan, name: &str, topic: &Topic, found: &mut Found) {
    if topic.config("message.timestamp.type") == Some("LogAppendTime") {
        found.warn(
            name,
            "its records get the time at which they are written, not their event time".to_owned(),
            "set message.timestamp.type to CreateTime",
        );
    }
    // Kafka's default is an hour; what is older than `before` is refused, and the topology stops.
    let before = topic.config("message.timestamp.before.max.ms").and_then(|value| value.parse::<i64>().ok());
    if let Some(before) = before.filter(|before| *before < i64::MAX) {
        found.warn(
            name,
            format!(
                "refuses records whose event time is older than {} s: a backlog stops the topology",
                before / 1000
            ),
            "set message.timestamp.before.max.ms to 9223372036854775807",
        );
    }
    let is_table = plan
        .nodes
        .iter()
        .any(|node| matches!(&node.kind, NodeKind::Sink(sink) if sink.topic == name && sink.compacted));
    if is_table && topic.config("cleanup.policy") == Some("delete") {
        found.warn(
            name,
            "the sink is `compacted`, and the topic deletes by age: rows that do not change go away"
                .to_owned(),
            "set cleanup.policy to compact",
        );
    }
}

fn own_topic(topic: &InternalTopic, there: &Topic, found: &mut Found) {
    let name = &topic.name;
    if there.config("message.timestamp.type") == Some("LogAppendTime") {
        found.error(
            name,
            "its records lose their event time".to_owned(),
            "set message.timestamp.type to CreateTime",
        );
    }
    let policy = there.config("cleanup.policy");
    let keeps = |name: &str| there.config(name).is_none_or(|value| value == "-1");
    match topic.kind {
        InternalKind::Changelog if policy.is_some_and(|policy| policy.contains("delete")) => found.error(
            name,
            "it is a changelog and deletes by age: state that does not change is gone after a loss of the disk"
                .to_owned(),
            "set cleanup.policy to compact",
        ),
        InternalKind::Repartition | InternalKind::Outbox
            if policy.is_some_and(|policy| policy.contains("compact")) =>
        {
            found.error(
            name,
            "it carries events and is compacted: events with the same key are lost".to_owned(),
            "set cleanup.policy to delete, retention.ms and retention.bytes to -1",
        );
        }
        InternalKind::Repartition | InternalKind::Outbox
            if !keeps("retention.ms") || !keeps("retention.bytes") =>
        {
            found.error(
            name,
            "it deletes by age or size: events that are not read yet are lost when the topology is down".to_owned(),
            "set retention.ms and retention.bytes to -1: what is read is deleted by the topology",
        );
        }
        _ => {}
    }
}

fn tables(plan: &Plan, facts: &Facts, found: &mut Found) {
    for node in &plan.nodes {
        let NodeKind::Table(table) = &node.kind else { continue };
        let Some(topic) = facts.topics.get(&table.topic) else { continue };
        let by_age = topic.config("cleanup.policy").is_some_and(|policy| !policy.contains("compact"));
        if by_age && topic.config("retention.ms") != Some("-1") {
            found.warn(
                &table.topic,
                format!(
                    "`{}` is a table of it, and it deletes by age: a store that is made anew lacks old rows",
                    node.name
                ),
                "set cleanup.policy to compact",
            );
        }
    }
}

fn brokers(configs: &BTreeMap<String, String>, settings: &Settings, found: &mut Found) {
    let number = |name: &str| configs.get(name).and_then(|value| value.parse::<u64>().ok());
    let millis = settings.transaction_timeout().as_millis() as u64;
    if let Some(max) = number("transaction.max.timeout.ms").filter(|max| *max < millis) {
        found.error(
            "the brokers",
            format!("transaction.max.timeout.ms is {max}, and transactions may take {millis}"),
            "raise transaction.max.timeout.ms, or commit more often (--commit-interval)",
        );
    }
    let session: u64 = SESSION_TIMEOUT_MS.parse().expect("a number");
    if let Some(min) = number("group.min.session.timeout.ms").filter(|min| *min > session) {
        found.error(
            "the brokers",
            format!("group.min.session.timeout.ms is {min}, and members ask for {session}"),
            "lower group.min.session.timeout.ms, or give `--kafka session.timeout.ms=…`",
        );
    }
    let kept = number("offsets.retention.minutes").map(|minutes| Duration::from_secs(60 * minutes));
    if let Some(kept) = kept.filter(|kept| *kept < OFFSETS_KEPT) {
        found.warn(
            "the brokers",
            format!(
                "committed offsets are forgotten {} h after the topology went down: with state it refuses to start then",
                kept.as_secs() / 3600
            ),
            "raise offsets.retention.minutes to the longest time that it may be down",
        );
    }
}

#[cfg(test)]
mod tests;
