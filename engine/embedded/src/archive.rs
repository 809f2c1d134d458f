//! The log for a person's tool, which has it to itself: no other process opens it meanwhile.

use crate::log::{EmbeddedLog, Transaction};
use std::sync::Arc;
use tidegate_engine::log::{Addressed, Archive, Committed, LogError, OwnedRecord};
use tidegate_model::{Offset, TopicPartition};

const BATCH_RECORDS: usize = 1000;

pub struct EmbeddedArchive {
    log: Arc<EmbeddedLog>,
    group: String,
}

impl EmbeddedArchive {
    pub fn new(log: &Arc<EmbeddedLog>, group: &str) -> EmbeddedArchive {
        EmbeddedArchive { log: Arc::clone(log), group: group.to_owned() }
    }
}

impl Archive for EmbeddedArchive {
    fn partitions(&mut self, topic: &str) -> Result<Option<u32>, LogError> {
        Ok(self.log.partitions(topic))
    }

    fn read(
        &mut self,
        partition: &TopicPartition,
        visit: &mut dyn FnMut(OwnedRecord),
    ) -> Result<Offset, LogError> {
        let range = self.log.range(partition)?;
        let mut next = range.start;
        while next < range.end {
            let records = self.log.read(partition, next, BATCH_RECORDS)?;
            let Some(last) = records.last() else { break };
            next = Offset(last.offset.0 + 1);
            records.into_iter().for_each(&mut *visit);
        }
        Ok(range.end)
    }

    fn fence(&mut self) -> Result<(), LogError> {
        Ok(())
    }

    fn committed(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Option<Committed>>, LogError> {
        partitions.iter().map(|partition| self.log.committed(&self.group, partition)).collect()
    }

    fn commit(
        &mut self,
        records: &[Addressed],
        positions: &[(TopicPartition, Committed)],
    ) -> Result<(), LogError> {
        let mut transaction = Transaction::default();
        for Addressed { to, timestamp, key, value } in records {
            self.log.range(to)?;
            let topic = self.log.topic(&to.topic)?.id;
            transaction.push(topic, to.partition, *timestamp, key.as_deref(), value.as_deref(), &[]);
        }
        self.log.commit(&self.group, &transaction, positions).map(drop)
    }
}
