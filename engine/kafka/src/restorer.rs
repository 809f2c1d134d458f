//! Reads changelogs from where a store is to the high watermark, read-committed, past markers and compaction's gaps.

use crate::client::{Client, Given, Kind, Queue};
use crate::rights::{self, Want};
use crate::settings::Settings;
use crate::token::Tokens;
use rdkafka::config::ClientConfig;
use rdkafka::topic_partition_list::{Offset as ListOffset, TopicPartitionList};
use rdkafka::types::RDKafkaRespErr;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tidegate_engine::log::{LogError, Record, Restorer};
use tidegate_model::{Offset, TopicPartition};

/// At a time: tasks that run wait for so many to be written.
const RECORDS_MAX: usize = 2_000;

pub struct KafkaRestorer {
    queue: Option<Queue>,
    client: Option<Client>,
    config: ClientConfig,
    tokens: Option<Arc<Tokens>>,
    parts: BTreeMap<TopicPartition, Part>,
}

struct Part {
    next: Offset,
    to: Offset,
}

impl KafkaRestorer {
    pub fn new(settings: &Settings) -> KafkaRestorer {
        KafkaRestorer::with(settings, settings.restorer())
    }

    /// For standbys.
    pub fn of_copies(settings: &Settings) -> KafkaRestorer {
        KafkaRestorer::with(settings, settings.copier())
    }

    fn with(settings: &Settings, config: ClientConfig) -> KafkaRestorer {
        let tokens = settings.tokens().cloned();
        KafkaRestorer { queue: None, client: None, config, tokens, parts: BTreeMap::new() }
    }

    /// The consumer is there only while there is something to restore.
    fn client(&mut self) -> Result<&Client, LogError> {
        if self.client.is_none() {
            let client =
                Client::new(Kind::Consumer, &self.config, self.tokens.as_ref()).map_err(LogError::Fatal)?;
            self.queue = client.consumer_queue();
            self.client = Some(client);
        }
        Ok(self.client.as_ref().expect("made above"))
    }
}

fn list_of(partition: &TopicPartition, from: Offset) -> Result<TopicPartitionList, LogError> {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(&partition.topic, partition.partition.0, ListOffset::Offset(from.0))
        .map_err(|error| LogError::Fatal(format!("{partition}: {error}")))?;
    Ok(list)
}

impl Restorer for KafkaRestorer {
    fn start(&mut self, partition: &TopicPartition, from: Offset, to: Offset) -> Result<(), LogError> {
        let list = list_of(partition, from)?;
        let client = self.client()?;
        client.incremental_assign(&list).map_err(|error| LogError::Fatal(format!("{partition}: {error}")))?;
        self.parts.insert(partition.clone(), Part { next: from, to });
        Ok(())
    }

    fn poll(
        &mut self,
        timeout: Duration,
        visit: &mut dyn FnMut(&TopicPartition, Record<'_>),
    ) -> Result<Vec<(TopicPartition, Offset)>, LogError> {
        let Some(queue) = &self.queue else { return Ok(Vec::new()) };
        let parts = &mut self.parts;
        let mut failed = None;
        queue.consume(RECORDS_MAX, timeout, &mut |given| match given {
            Given::Message(message) => {
                let place = message.place();
                let Some(part) = parts.get_mut(&place) else { return };
                if message.offset() < part.next {
                    return;
                }
                // What was written after the restore began is its owner's, and this worker is the owner.
                if message.offset() < part.to {
                    visit(
                        &place,
                        Record {
                            offset: message.offset(),
                            timestamp: message.timestamp(),
                            key: message.key(),
                            value: message.value(),
                        },
                    );
                }
                part.next = Offset(message.offset().0 + 1);
            }
            // Behind the last record there may be markers, and places that were compacted away.
            Given::End(place, next) => {
                if let Some(part) = parts.get_mut(&place) {
                    part.next = part.next.max(next);
                }
            }
            Given::Failed(place, error) => failed = Some((place, error)),
        });
        if let Some((place, error)) = failed {
            let mut told = format!("restoring {place}: {error}");
            let is_refused = error.code == RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
            if is_refused {
                told = format!("{told}; {}", rights::missing(Want::Read, &place.topic));
            }
            tracing::warn!("{told}");
            if error.fatal || is_refused {
                return Err(LogError::Fatal(told));
            }
        }
        Ok(self.parts.iter().map(|(partition, part)| (partition.clone(), part.next.min(part.to))).collect())
    }

    fn stop(&mut self, partition: &TopicPartition) {
        if self.parts.remove(partition).is_none() {
            return;
        }
        if self.parts.is_empty() {
            self.queue = None;
            self.client = None;
            return;
        }
        if let (Some(client), Ok(list)) = (&self.client, list_of(partition, Offset(0)))
            && let Err(error) = client.incremental_unassign(&list)
        {
            tracing::warn!("{partition}: {error}");
        }
    }
}
