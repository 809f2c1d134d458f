//! The writer of a worker on the simulated cluster. It decides as `engine/kafka/src/writer.rs` does: two producers take turns, one whose
//! connection has failed is made anew before its next transaction, and what nobody knows is said to be unknown.

use super::broker::GroupProof;
use super::broker::log::Stored;
use super::line::Line;
use super::planted::Planted;
use super::producer::{Producer, Waiting, Wrong};
use super::reader::killed;
use std::time::Duration;
use tidegate_engine::log::{ChangelogEnd, CommitOutcome, Committed, LogError, Outgoing, TopicHandle, Writer};
use tidegate_model::{EventTime, Offset, PartitionId, TopicPartition};

const PRODUCERS: usize = 2;
const CALL: Duration = Duration::from_secs(10);

pub struct SimWriter {
    line: Line,
    /// The first part of the transactional ids.
    name: String,
    producers: Vec<Producer>,
    turn: usize,
    topics: Vec<Known>,
    in_transaction: bool,
    /// What the transaction has sent to others, for the bug that sends it again.
    sent: Vec<(TopicPartition, Stored)>,
    again: Vec<(TopicPartition, Stored)>,
}

struct Known {
    name: String,
    partitions: u32,
    changelog: bool,
}

impl SimWriter {
    pub fn open(line: Line, name: &str, timeout: Duration) -> Result<SimWriter, LogError> {
        let mut writer = SimWriter {
            line,
            name: name.to_owned(),
            producers: Vec::new(),
            turn: 0,
            topics: Vec::new(),
            in_transaction: false,
            sent: Vec::new(),
            again: Vec::new(),
        };
        writer.reset_until(timeout)?;
        Ok(writer)
    }

    fn plants(&self, planted: Planted) -> bool {
        self.line.world.planted == planted
    }

    fn producer(&mut self) -> &mut Producer {
        &mut self.producers[self.turn]
    }

    fn next_turn(&mut self) {
        self.in_transaction = false;
        self.turn = (self.turn + 1) % self.producers.len();
    }

    fn reset_until(&mut self, timeout: Duration) -> Result<(), LogError> {
        loop {
            match self.reset(timeout) {
                Err(LogError::Retry(_)) => {}
                other => return other,
            }
        }
    }

    fn begin(&mut self) -> Result<(), LogError> {
        if !self.line.is_alive() {
            return Err(killed());
        }
        if self.in_transaction {
            return Ok(());
        }
        if self.producer().take_failed() && !self.plants(Planted::KeepProducer) {
            self.line.world.count(|counts| counts.suspects += 1);
            self.reset_until(CALL * 6)?;
        }
        self.producer().begin();
        self.in_transaction = true;
        self.sent.clear();
        for (partition, record) in std::mem::take(&mut self.again) {
            self.producer().push(Waiting { partition, record, report: None });
        }
        Ok(())
    }

    fn try_commit(
        &mut self,
        proof: &GroupProof,
        offsets: &[(TopicPartition, Committed)],
    ) -> Result<(), Wrong> {
        let skip = self.plants(Planted::SkipOffsets);
        let producer = self.producer();
        producer.drain()?;
        let mut left = 6;
        loop {
            if skip {
                break;
            }
            match producer.send_offsets(offsets, proof) {
                Ok(()) => break,
                Err(Wrong::Retry(_)) if left > 0 => left -= 1,
                Err(wrong) => return Err(wrong),
            }
        }
        let mut left = 1;
        loop {
            match producer.end(true) {
                Ok(()) => return Ok(()),
                Err(Wrong::Retry(_)) if left > 0 => left -= 1,
                Err(wrong) => return Err(wrong),
            }
        }
    }

    fn settle(&mut self, wrong: Wrong) -> CommitOutcome {
        if let Wrong::Abort(why) = wrong {
            return match self.abort() {
                CommitOutcome::Aborted { .. } => CommitOutcome::Aborted { why },
                other => other,
            };
        }
        let is_believed = match &wrong {
            Wrong::Fatal(_) => self.plants(Planted::IgnoreFencing),
            Wrong::Retry(_) => self.plants(Planted::BelieveUnknown),
            _ => false,
        };
        if is_believed {
            let ends = self.changelog_ends();
            // With a producer that can go on.
            return match self.reset_until(CALL) {
                Ok(()) => CommitOutcome::Committed(ends),
                Err(error) => CommitOutcome::Unknown { why: error.to_string() },
            };
        }
        self.in_transaction = false;
        self.line.world.count(|counts| counts.unknown += 1);
        CommitOutcome::Unknown { why: wrong.told() }
    }

    fn changelog_ends(&mut self) -> Vec<ChangelogEnd> {
        let further = if self.plants(Planted::PositionTooFar) { 2 } else { 0 };
        let ends = self.producer().ends.iter().map(|((report, partition), next)| ChangelogEnd {
            topic: TopicHandle(*report),
            partition: partition.partition,
            next: Offset(next + further),
        });
        ends.collect()
    }
}

impl Writer for SimWriter {
    type Group = GroupProof;

    fn topic(&mut self, name: &str, changelog: bool) -> Result<TopicHandle, LogError> {
        if let Some(index) = self.topics.iter().position(|topic| topic.name == name) {
            return Ok(TopicHandle(index as u32));
        }
        let partitions = self.line.world.cluster.borrow().topics[name].partitions.len() as u32;
        self.topics.push(Known { name: name.to_owned(), partitions, changelog });
        Ok(TopicHandle(self.topics.len() as u32 - 1))
    }

    fn partitions(&self, topic: TopicHandle) -> u32 {
        self.topics[topic.0 as usize].partitions
    }

    fn send(&mut self, record: Outgoing<'_>) -> Result<(), LogError> {
        self.begin()?;
        let topic = &self.topics[record.topic.0 as usize];
        assert!((record.partition.0 as u32) < topic.partitions, "{} has the partition", topic.name);
        let partition = TopicPartition { topic: topic.name.clone(), partition: record.partition };
        let stored = Stored {
            // Kafka's are in milliseconds.
            timestamp: EventTime::from_millis(record.timestamp.millis()),
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
        };
        let report = topic.changelog.then_some(record.topic.0);
        if report.is_none() && self.plants(Planted::SendTwice) {
            self.sent.push((partition.clone(), stored.clone()));
        }
        self.producer().push(Waiting { partition, record: stored, report });
        // In the background some are delivered before anybody asks.
        let world = self.line.world.clone();
        if world.between(0, 9) == 0 {
            self.producer().deliver(world.between(1, 8) as usize);
        }
        Ok(())
    }

    fn send_changelog(
        &mut self,
        topic: TopicHandle,
        partition: PartitionId,
        changes: &mut dyn Iterator<Item = (&[u8], Option<&[u8]>)>,
    ) -> Result<(), LogError> {
        let timestamp = EventTime::from_micros(0);
        for (key, value) in changes {
            if self.plants(Planted::NoChangelog) {
                continue;
            }
            self.send(Outgoing { topic, partition, timestamp, key: Some(key), value, headers: &[] })?;
        }
        Ok(())
    }

    fn commit(&mut self, proof: &GroupProof, offsets: &[(TopicPartition, Committed)]) -> CommitOutcome {
        if let Err(error) = self.begin() {
            return CommitOutcome::Unknown { why: error.to_string() };
        }
        assert!(!offsets.is_empty(), "an empty list of offsets would not fence");
        match self.try_commit(proof, offsets) {
            Ok(()) => {
                let ends = self.changelog_ends();
                self.next_turn();
                self.line.world.count(|counts| counts.commits += 1);
                self.line.world.note("committed", &[self.line.process as i64]);
                CommitOutcome::Committed(ends)
            }
            Err(wrong) => {
                self.line.world.note("not committed", &[self.line.process as i64]);
                self.settle(wrong)
            }
        }
    }

    fn abort(&mut self) -> CommitOutcome {
        if !self.in_transaction {
            return CommitOutcome::Aborted { why: "given up".to_owned() };
        }
        if self.plants(Planted::SkipAbort) {
            return CommitOutcome::Aborted { why: "given up".to_owned() };
        }
        if self.plants(Planted::SendTwice) {
            self.again = std::mem::take(&mut self.sent);
        }
        let result = self.producer().end(false);
        self.next_turn();
        self.line.world.count(|counts| counts.aborts += 1);
        match result {
            // Nothing of it has reached the coordinator.
            Ok(()) => CommitOutcome::Aborted { why: "given up".to_owned() },
            Err(wrong) => CommitOutcome::Unknown { why: format!("the abort failed: {}", wrong.told()) },
        }
    }

    fn reset(&mut self, timeout: Duration) -> Result<(), LogError> {
        self.in_transaction = false;
        self.producers.clear();
        self.turn = 0;
        self.line.world.count(|counts| counts.resets += 1);
        let mut producers = Vec::new();
        for number in 0..PRODUCERS {
            let id = format!("{}-{number}", self.name);
            match Producer::init(&self.line, &id, timeout) {
                Ok(producer) => producers.push(producer),
                Err(Wrong::Killed) => return Err(killed()),
                Err(wrong) => return Err(LogError::Retry(wrong.told())),
            }
        }
        self.producers = producers;
        Ok(())
    }

    /// Compaction does this on Kafka.
    fn trim_changelog(&mut self, _topic: TopicHandle, _partition: PartitionId, _next: Offset) {}
}
