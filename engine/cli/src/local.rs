//! The topics of a plan in an embedded log.

use anyhow::Result;
use tidegate_embedded::{EmbeddedLog, TopicKind};
use tidegate_engine::topics::{InternalKind, internal_topics, user_topics};
use tidegate_model::plan::{NodeKind, Plan};

/// Makes every topic of the plan, the user's with `partitions` partitions.
pub fn create_topics(log: &EmbeddedLog, plan: &Plan, partitions: u32) -> Result<()> {
    for topic in user_topics(plan) {
        log.create_topic(&topic.name, partitions, TopicKind::User)?;
    }
    for topic in internal_topics(plan, &|_| partitions)? {
        let kind = match topic.kind {
            InternalKind::Repartition => TopicKind::Repartition,
            InternalKind::Changelog => TopicKind::Changelog,
        };
        log.create_topic(&topic.name, topic.partitions, kind)?;
    }
    Ok(())
}

/// Every topic that the plan reads, internal ones included.
pub fn read_topics(plan: &Plan) -> Vec<String> {
    let mut topics: Vec<String> = plan
        .nodes
        .iter()
        .filter_map(|node| match &node.kind {
            NodeKind::Source(source) => Some(source.topic.clone()),
            NodeKind::Table(table) => Some(table.topic.clone()),
            NodeKind::Repartition(repartition) => Some(repartition.topic.clone()),
            _ => None,
        })
        .collect();
    topics.sort();
    topics.dedup();
    topics
}
