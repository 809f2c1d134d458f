//! The writing side: a transaction is gathered in memory and written in one batch.

use crate::log::{EmbeddedLog, Transaction};
use std::sync::Arc;
use std::time::Duration;
use tidegate_engine::log::{ChangelogEnd, CommitOutcome, Committed, LogError, Outgoing, TopicHandle, Writer};
use tidegate_model::{Offset, PartitionId, TopicPartition};

pub struct EmbeddedWriter {
    log: Arc<EmbeddedLog>,
    group: String,
    topics: Vec<Written>,
    transaction: Transaction,
}

struct Written {
    name: String,
    id: u32,
    partitions: u32,
    changelog: bool,
}

impl EmbeddedWriter {
    pub(crate) fn new(log: Arc<EmbeddedLog>, group: &str) -> EmbeddedWriter {
        EmbeddedWriter {
            log,
            group: group.to_owned(),
            topics: Vec::new(),
            transaction: Transaction::default(),
        }
    }
}

impl Writer for EmbeddedWriter {
    type Group = ();

    fn topic(&mut self, name: &str, changelog: bool) -> Result<TopicHandle, LogError> {
        if let Some(index) = self.topics.iter().position(|topic| topic.name == name) {
            return Ok(TopicHandle(index as u32));
        }
        let topic = self.log.topic(name)?;
        self.topics.push(Written {
            name: name.to_owned(),
            id: topic.id,
            partitions: topic.partitions,
            changelog,
        });
        Ok(TopicHandle(self.topics.len() as u32 - 1))
    }

    fn partitions(&self, topic: TopicHandle) -> u32 {
        self.topics[topic.0 as usize].partitions
    }

    fn send(&mut self, record: Outgoing<'_>) -> Result<(), LogError> {
        let topic = &self.topics[record.topic.0 as usize];
        assert!(
            (record.partition.0 as u32) < topic.partitions,
            "{} has no partition {:?}",
            topic.name,
            record.partition
        );
        self.transaction.take(topic.id, &record);
        Ok(())
    }

    fn held_bytes(&self) -> usize {
        self.transaction.bytes()
    }

    fn commit(&mut self, _group: &(), offsets: &[(TopicPartition, Committed)]) -> CommitOutcome {
        let result = self.log.commit(&self.group, &self.transaction, offsets);
        self.transaction.clear();
        let ends = match result {
            Ok(ends) => ends,
            Err(error) => return CommitOutcome::Unknown { why: error.to_string() },
        };
        let mut changelogs = Vec::new();
        for (index, topic) in self.topics.iter().enumerate().filter(|(_, topic)| topic.changelog) {
            for ((_, partition), next) in ends.iter().filter(|((id, _), _)| *id == topic.id) {
                changelogs.push(ChangelogEnd {
                    topic: TopicHandle(index as u32),
                    partition: PartitionId(*partition),
                    next: *next,
                });
            }
        }
        CommitOutcome::Committed(changelogs)
    }

    fn abort(&mut self) -> CommitOutcome {
        self.transaction.clear();
        CommitOutcome::Aborted { why: "given up".to_owned() }
    }

    fn reset(&mut self, _timeout: Duration) -> Result<(), LogError> {
        self.transaction.clear();
        Ok(())
    }

    fn trim_changelog(&mut self, topic: TopicHandle, partition: PartitionId, next: Offset) {
        let topic = &self.topics[topic.0 as usize];
        if let Err(error) = self.log.forget_before(topic.id, partition, next) {
            tracing::warn!("{} could not be trimmed: {error}", topic.name);
        }
    }
}
