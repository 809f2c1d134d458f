//! Kafka for a person's tool: topics from end to end, and transactions with the positions of a group that has no members.

use crate::admin::{AdminError, classify};
use crate::knock::knock;
use crate::rights::{Want, missing_to_replay};
use crate::settings::Settings;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};
use rdkafka::topic_partition_list::{Offset as ListOffset, TopicPartitionList};
use rdkafka::{ClientConfig, ClientContext};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tidegate_engine::log::{Addressed, Archive, Committed, LogError, OwnedRecord};
use tidegate_model::{EventTime, Offset, TopicPartition};

const CALL: Duration = Duration::from_secs(30);
/// Of a question that is asked again.
const ASK: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_millis(100);
/// A partition that gives nothing for so long is not waited for any more.
const SILENCE: Duration = Duration::from_secs(30);
const FULL: Duration = Duration::from_millis(10);

pub struct KafkaArchive {
    settings: Settings,
    consumer: BaseConsumer<Refusals>,
    /// Asks what was committed without waiting for a transaction that a killed process has left open.
    onlooker: BaseConsumer<Refusals>,
    refusals: Refusals,
    /// There from [`Archive::fence`] on.
    producer: Option<(ThreadedProducer<Failures>, Failures)>,
}

/// The first record that could not be written.
#[derive(Clone, Default)]
struct Failures(Arc<Mutex<Option<KafkaError>>>);

impl ClientContext for Failures {}

impl ProducerContext for Failures {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            self.0.lock().expect("no holder of this lock panics").get_or_insert_with(|| error.clone());
        }
    }
}

/// Whether the group may be asked, which no answer tells: the question only waits.
#[derive(Clone, Default)]
struct Refusals(Arc<AtomicBool>);

impl ClientContext for Refusals {
    fn error(&self, error: KafkaError, reason: &str) {
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::GroupAuthorizationFailed) => self.0.store(true, Ordering::SeqCst),
            _ => tracing::warn!("{reason}"),
        }
    }
}

impl ConsumerContext for Refusals {}

impl KafkaArchive {
    /// `settings`: their group is the one whose positions are kept.
    pub fn open(settings: &Settings) -> Result<KafkaArchive, LogError> {
        match knock(settings) {
            Ok(knocker) => drop(knocker),
            Err(AdminError::Retry(why)) => return Err(LogError::Retry(why)),
            Err(error) => return Err(LogError::Fatal(error.to_string())),
        }
        let mut config = settings.looker();
        // Each partition is read to its end, where a broker would wait for more.
        config.set("fetch.wait.max.ms", "10");
        let refusals = Refusals::default();
        let create = |config: &ClientConfig| -> Result<BaseConsumer<Refusals>, LogError> {
            config
                .create_with_context(refusals.clone())
                .map_err(|error: KafkaError| LogError::Fatal(error.to_string()))
        };
        let (consumer, onlooker) = (create(&config)?, create(&settings.onlooker())?);
        settings.give_token(consumer.client().native_ptr());
        settings.give_token(onlooker.client().native_ptr());
        Ok(KafkaArchive { settings: settings.clone(), consumer, onlooker, refusals, producer: None })
    }

    /// In the transaction that was begun.
    fn send_all(
        &self,
        records: &[Addressed],
        positions: &[(TopicPartition, Committed)],
    ) -> Result<(), KafkaError> {
        let (producer, failures) = self.producer.as_ref().expect("a commit comes behind `fence`");
        for record in records {
            let mut given: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(&record.to.topic)
                .partition(record.to.partition.0)
                .timestamp(record.timestamp.millis().max(0));
            given.key = record.key.as_deref();
            given.payload = record.value.as_deref();
            loop {
                match producer.send(given) {
                    Ok(()) => break,
                    Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                        given = back;
                        let _ = producer.flush(FULL);
                    }
                    Err((error, _)) => return Err(error),
                }
            }
        }
        producer.flush(CALL)?;
        if let Some(error) = failures.0.lock().expect("no holder of this lock panics").take() {
            return Err(error);
        }
        let mut list = TopicPartitionList::new();
        for (partition, committed) in positions {
            list.add_partition(&partition.topic, partition.partition.0);
            let mut element = list.find_partition(&partition.topic, partition.partition.0);
            let element = element.as_mut().expect("added just now");
            element.set_offset(ListOffset::Offset(committed.next.0))?;
            element.set_metadata(&committed.metadata);
        }
        let group = self.consumer.group_metadata().expect("it was made with a group");
        producer.send_offsets_to_transaction(&list, &group, CALL)
    }
}

fn told(error: &KafkaError, about: &str) -> LogError {
    match classify(error) {
        AdminError::Retry(why) => LogError::Retry(format!("{about}: {why}")),
        other => LogError::Fatal(format!("{about}: {other}")),
    }
}

fn is_late(error: &KafkaError) -> bool {
    error.rdkafka_error_code() == Some(RDKafkaErrorCode::OperationTimedOut)
}

fn owned(message: &BorrowedMessage<'_>) -> OwnedRecord {
    let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
    OwnedRecord {
        offset: Offset(message.offset()),
        timestamp: EventTime::from_millis(message.timestamp().to_millis().unwrap_or(0)),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers: headers
            .map(|header| (header.key.to_owned(), header.value.unwrap_or_default().to_vec()))
            .collect(),
    }
}

impl Archive for KafkaArchive {
    fn partitions(&mut self, topic: &str) -> Result<Option<u32>, LogError> {
        // Of all topics: a question about one could make it.
        let metadata = self.consumer.fetch_metadata(None, CALL).map_err(|error| told(&error, topic))?;
        let mut topics = metadata.topics().iter().filter(|known| known.error().is_none());
        Ok(topics.find(|known| known.name() == topic).map(|known| known.partitions().len() as u32))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "how long a broker is waited for is no event of the stream"
    )]
    fn read(
        &mut self,
        partition: &TopicPartition,
        visit: &mut dyn FnMut(OwnedRecord),
    ) -> Result<Offset, LogError> {
        self.settings.give_token(self.consumer.client().native_ptr());
        let about = partition.to_string();
        let mut list = TopicPartitionList::new();
        let from = ListOffset::Beginning;
        list.add_partition_offset(&partition.topic, partition.partition.0, from)
            .and_then(|()| self.consumer.assign(&list))
            .map_err(|error| told(&error, &about))?;
        let mut heard = Instant::now();
        let mut behind = Offset(0);
        loop {
            match self.consumer.poll(POLL) {
                Some(Ok(message)) => {
                    heard = Instant::now();
                    behind = Offset(message.offset() + 1);
                    visit(owned(&message));
                }
                Some(Err(KafkaError::PartitionEOF(_))) => break,
                Some(Err(error)) => return Err(told(&error, &about)),
                None if heard.elapsed() > SILENCE => {
                    return Err(LogError::Retry(format!("{about}: it cannot be read to its end")));
                }
                // Reading may take longer than a token is valid.
                None => self.settings.give_token(self.consumer.client().native_ptr()),
            }
        }
        self.consumer.unassign().map_err(|error| told(&error, &about))?;
        Ok(behind)
    }

    fn fence(&mut self) -> Result<(), LogError> {
        let failures = Failures::default();
        let producer: ThreadedProducer<Failures> = self
            .settings
            .producer("0", true)
            .create_with_context(failures.clone())
            .map_err(|error| LogError::Fatal(error.to_string()))?;
        self.settings.give_token(producer.client().native_ptr());
        producer.init_transactions(CALL).map_err(|error| match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::TransactionalIdAuthorizationFailed) => {
                LogError::Fatal(missing_to_replay(Want::Transact, &self.settings.transactional_id("0")))
            }
            _ => told(&error, "the transaction coordinator"),
        })?;
        self.producer = Some((producer, failures));
        Ok(())
    }

    fn committed(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Option<Committed>>, LogError> {
        let mut list = TopicPartitionList::new();
        for partition in partitions {
            list.add_partition(&partition.topic, partition.partition.0);
        }
        // Behind a fence nothing is open, and nothing but what is settled may be built on.
        let asks = if self.producer.is_some() { &self.consumer } else { &self.onlooker };
        self.settings.give_token(asks.client().native_ptr());
        let mut waited = Duration::ZERO;
        let found = loop {
            match asks.committed_offsets(list.clone(), ASK) {
                Ok(found) => break found,
                // What is refused is told to who polls; nothing is assigned that could come.
                Err(_) if asks.poll(Duration::ZERO).is_none() && self.refusals.0.load(Ordering::SeqCst) => {
                    return Err(LogError::Fatal(missing_to_replay(Want::Join, self.settings.group())));
                }
                Err(error) if waited >= CALL || !is_late(&error) => {
                    return Err(told(&error, "the committed positions"));
                }
                Err(_) => waited += ASK,
            }
        };
        let of = |partition: &TopicPartition| {
            let element = found.find_partition(&partition.topic, partition.partition.0)?;
            match element.offset() {
                ListOffset::Offset(next) => {
                    Some(Committed { next: Offset(next), metadata: element.metadata().to_owned() })
                }
                _ => None,
            }
        };
        Ok(partitions.iter().map(of).collect())
    }

    fn commit(
        &mut self,
        records: &[Addressed],
        positions: &[(TopicPartition, Committed)],
    ) -> Result<(), LogError> {
        let (producer, _) = self.producer.as_ref().expect("a commit comes behind `fence`");
        // A replay may take longer than a token is valid.
        self.settings.give_token(producer.client().native_ptr());
        let about = "the transaction";
        producer.begin_transaction().map_err(|error| told(&error, about))?;
        if let Err(error) = self.send_all(records, positions) {
            // What cannot be aborted now is aborted by who fences next, or by the broker.
            let _ = producer.abort_transaction(CALL);
            if error.rdkafka_error_code() == Some(RDKafkaErrorCode::TopicAuthorizationFailed) {
                let topics: BTreeSet<&str> = records.iter().map(|record| record.to.topic.as_str()).collect();
                let topics: Vec<&str> = topics.into_iter().collect();
                return Err(LogError::Fatal(missing_to_replay(Want::Write, &topics.join(" or "))));
            }
            return Err(LogError::Fatal(format!("{about} was given up: {error}")));
        }
        producer
            .commit_transaction(CALL)
            .map_err(|error| LogError::Retry(format!("nobody knows whether it was committed: {error}")))
    }
}
