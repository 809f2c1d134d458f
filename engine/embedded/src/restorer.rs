//! Reads changelog partitions from where a store is.

use crate::log::{EmbeddedLog, corrupt};
use crate::record::decode;
use std::sync::Arc;
use std::time::Duration;
use tidegate_engine::log::{LogError, Record, Restorer};
use tidegate_model::{Offset, TopicPartition};

/// Of each partition at a time: tasks that run wait for so many to be written.
const RECORDS: usize = 2_000;

pub struct EmbeddedRestorer {
    log: Arc<EmbeddedLog>,
    parts: Vec<(TopicPartition, Offset, Offset)>,
}

impl EmbeddedRestorer {
    pub(crate) fn new(log: Arc<EmbeddedLog>) -> EmbeddedRestorer {
        EmbeddedRestorer { log, parts: Vec::new() }
    }
}

impl Restorer for EmbeddedRestorer {
    fn start(&mut self, partition: &TopicPartition, from: Offset, to: Offset) -> Result<(), LogError> {
        self.parts.push((partition.clone(), from, to));
        Ok(())
    }

    fn poll(
        &mut self,
        _timeout: Duration,
        visit: &mut dyn FnMut(&TopicPartition, Record<'_>),
    ) -> Result<Vec<(TopicPartition, Offset)>, LogError> {
        for (partition, next, _) in &mut self.parts {
            let topic = self.log.topic(&partition.topic)?.id;
            let mut broken = false;
            let from = *next;
            self.log.scan(topic, partition.partition, from, RECORDS, &mut |offset, bytes| {
                match decode(offset, bytes) {
                    Some((record, _)) => visit(partition, record),
                    None => broken = true,
                }
                *next = Offset(offset.0 + 1);
            })?;
            if broken {
                return Err(corrupt(partition));
            }
        }
        Ok(self.parts.iter().map(|(partition, next, _)| (partition.clone(), *next)).collect())
    }

    fn stop(&mut self, partition: &TopicPartition) {
        self.parts.retain(|(known, _, _)| known != partition);
    }
}
