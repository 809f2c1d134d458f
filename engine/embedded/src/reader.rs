//! The reading side: a fixed share of the partitions, since there is no group to be a member of.

use crate::log::{EmbeddedLog, corrupt};
use crate::record::decode;
use std::sync::Arc;
use std::time::Duration;
use tidegate_engine::log::{Committed, GroupEvent, LogError, OffsetRange, Reader, Record, Slot};
use tidegate_model::{Offset, PartitionId, TopicPartition};

pub struct EmbeddedReader {
    log: Arc<EmbeddedLog>,
    group: String,
    share: Vec<TopicPartition>,
    told: bool,
    slots: Vec<Assigned>,
    /// What of the log had been written when this reader last looked.
    seen: u64,
}

struct Assigned {
    partition: TopicPartition,
    topic: u32,
    next: Offset,
}

impl EmbeddedReader {
    pub(crate) fn new(
        log: Arc<EmbeddedLog>,
        group: &str,
        topics: &[String],
        worker: u32,
        workers: u32,
    ) -> EmbeddedReader {
        let share = topics
            .iter()
            .flat_map(|topic| {
                let partitions = log.partitions(topic).unwrap_or(0) as i32;
                (0..partitions).map(|partition| TopicPartition {
                    topic: topic.clone(),
                    partition: PartitionId(partition),
                })
            })
            .filter(|partition| partition.partition.0 as u32 % workers == worker)
            .collect();
        EmbeddedReader { log, group: group.to_owned(), share, told: false, slots: Vec::new(), seen: 0 }
    }
}

impl Reader for EmbeddedReader {
    type Group = ();

    fn poll_group(&mut self) -> Result<Option<GroupEvent>, LogError> {
        let first = !std::mem::replace(&mut self.told, true);
        Ok(first.then(|| GroupEvent::Assigned(self.share.clone())))
    }

    fn assign(&mut self, starts: &[(TopicPartition, Offset)]) -> Result<Vec<Slot>, LogError> {
        self.slots.clear();
        for (partition, next) in starts {
            let topic = self.log.topic(&partition.topic)?.id;
            self.slots.push(Assigned { partition: partition.clone(), topic, next: *next });
        }
        Ok((0..starts.len() as u32).map(Slot).collect())
    }

    fn unassign(&mut self) -> Result<(), LogError> {
        self.slots.clear();
        Ok(())
    }

    fn fetch(
        &mut self,
        slot: Slot,
        max_records: usize,
        visit: &mut dyn FnMut(Record<'_>),
    ) -> Result<usize, LogError> {
        // Noted before the read, so that what is written in between ends the next wait at once.
        if slot.0 == 0 {
            self.seen = self.log.version();
        }
        let assigned = &mut self.slots[slot.0 as usize];
        let mut next = assigned.next;
        let mut broken = false;
        let count = self.log.scan(
            assigned.topic,
            assigned.partition.partition,
            next,
            max_records,
            &mut |offset, bytes| {
                match decode(offset, bytes) {
                    Some((record, _)) => visit(record),
                    None => broken = true,
                }
                next = Offset(offset.0 + 1);
            },
        )?;
        if broken {
            return Err(corrupt(&assigned.partition));
        }
        assigned.next = next;
        Ok(count)
    }

    fn wait(&mut self, timeout: Duration) {
        self.log.wait(self.seen, timeout);
    }

    fn seek(&mut self, slot: Slot, next: Offset) -> Result<(), LogError> {
        self.slots[slot.0 as usize].next = next;
        Ok(())
    }

    fn known_end(&self, slot: Slot) -> Option<Offset> {
        let assigned = &self.slots[slot.0 as usize];
        Some(self.log.range_of(assigned.topic, assigned.partition.partition).end)
    }

    fn confirm_end(&mut self, slot: Slot, _timeout: Duration) -> Result<bool, LogError> {
        Ok(self.known_end(slot).is_some_and(|end| end <= self.slots[slot.0 as usize].next))
    }

    fn ended(&self, slot: Slot, next: Offset) -> bool {
        self.log.is_ended(&self.slots[slot.0 as usize].partition, next)
    }

    fn committed(
        &mut self,
        partitions: &[TopicPartition],
        _timeout: Duration,
    ) -> Result<Vec<Option<Committed>>, LogError> {
        partitions.iter().map(|partition| self.log.committed(&self.group, partition)).collect()
    }

    fn offset_range(
        &mut self,
        partition: &TopicPartition,
        _timeout: Duration,
    ) -> Result<OffsetRange, LogError> {
        self.log.range(partition)
    }

    fn group(&mut self) -> Result<(), LogError> {
        Ok(())
    }

    fn close(&mut self, _timeout: Duration) {}
}
