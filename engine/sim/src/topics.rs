//! Makes, fills and reads topics, synchronously and with acknowledgements.

use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{Headers, Message as _};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ThreadedProducer};
use rdkafka::topic_partition_list::{Offset as ListOffset, TopicPartitionList};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{ClientContext, producer::DeliveryResult, producer::ProducerContext};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Of questions that the broker answers at once.
const TRIES: u32 = 5_000;
const CALL: Duration = Duration::from_secs(30);
/// As many copies as the brokers' own default says.
const BROKERS_DEFAULT: i32 = -1;

/// A record as it was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    pub partition: i32,
    pub offset: i64,
    pub timestamp_ms: i64,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Vec<u8>)>,
}

impl Message {
    /// The value as text.
    pub fn text(&self) -> String {
        self.value
            .as_deref()
            .map_or_else(|| "null".to_owned(), |value| String::from_utf8_lossy(value).into_owned())
    }

    pub fn header(&self, name: &str) -> Option<String> {
        let header = self.headers.iter().find(|(header, _)| header == name)?;
        Some(String::from_utf8_lossy(&header.1).into_owned())
    }
}

/// The topics of one cluster.
pub struct Topics {
    config: ClientConfig,
    runtime: tokio::runtime::Runtime,
}

#[derive(Clone, Default)]
struct Acknowledged(Arc<Mutex<(u64, Option<String>)>>);

impl ClientContext for Acknowledged {}

impl ProducerContext for Acknowledged {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, _opaque: ()) {
        let mut state = self.0.lock().expect("no holder of this lock panics");
        match result {
            Ok(_) => state.0 += 1,
            Err((error, _)) => state.1 = Some(error.to_string()),
        }
    }
}

impl Topics {
    pub fn new(config: &ClientConfig) -> Topics {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        Topics { config: config.clone(), runtime }
    }

    /// For clients of one's own.
    pub fn config(&self) -> &ClientConfig {
        &self.config
    }

    pub fn create(&self, name: &str, partitions: i32, settings: &[(&str, &str)]) {
        let admin: AdminClient<DefaultClientContext> = self.config.create().expect("a client");
        let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(BROKERS_DEFAULT));
        for (key, value) in settings {
            topic = topic.set(key, value);
        }
        let options = AdminOptions::new().operation_timeout(Some(CALL));
        let made =
            self.runtime.block_on(admin.create_topics([&topic], &options)).expect("the broker answers");
        for result in made {
            result.unwrap_or_else(|(name, code)| panic!("{name} could not be made: {code}"));
        }
        // The answer comes before every broker knows it.
        let consumer: BaseConsumer = self.config.create().expect("a client");
        for _ in 0..TRIES {
            let metadata = consumer.fetch_metadata(Some(name), CALL).expect("the broker answers");
            let found = metadata.topics().iter().find(|topic| topic.name() == name);
            if found.is_some_and(|topic| {
                topic.error().is_none() && topic.partitions().len() == partitions as usize
            }) {
                return;
            }
        }
        panic!("{name} did not appear");
    }

    /// Changes settings of a topic.
    pub fn set(&self, name: &str, settings: &[(&str, &str)]) {
        let admin: AdminClient<DefaultClientContext> = self.config.create().expect("a client");
        let mut change = AlterConfig::new(ResourceSpecifier::Topic(name));
        for (key, value) in settings {
            change = change.set(key, value);
        }
        let changed = self.runtime.block_on(admin.alter_configs([&change], &AdminOptions::new()));
        for result in changed.expect("the broker answers") {
            result.unwrap_or_else(|(_, code)| panic!("{name} could not be changed: {code}"));
        }
    }

    /// Every topic of the cluster.
    pub fn names(&self) -> Vec<String> {
        let consumer: BaseConsumer = self.config.create().expect("a client");
        let metadata = consumer.fetch_metadata(None, CALL).expect("the broker answers");
        metadata.topics().iter().map(|topic| topic.name().to_owned()).collect()
    }

    /// Sends records (partition, key, value) in order, and returns when all are acknowledged.
    pub fn produce<'a>(
        &self,
        topic: &str,
        records: impl IntoIterator<Item = (Option<i32>, Option<&'a [u8]>, Option<&'a [u8]>)>,
    ) {
        self.produce_at(topic, records.into_iter().map(|record| (record, None)));
    }

    /// The same with the records' timestamps, in milliseconds.
    pub fn produce_at<'a>(
        &self,
        topic: &str,
        records: impl IntoIterator<Item = ((Option<i32>, Option<&'a [u8]>, Option<&'a [u8]>), Option<i64>)>,
    ) {
        let mut config = self.config.clone();
        config.set("enable.idempotence", "true").set("linger.ms", "5").set("partitioner", "murmur2_random");
        let acknowledged = Acknowledged::default();
        let producer: ThreadedProducer<Acknowledged> =
            config.create_with_context(acknowledged.clone()).expect("a client");
        let mut sent = 0;
        for ((partition, key, value), timestamp_ms) in records {
            let mut record: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(topic);
            record.timestamp = timestamp_ms;
            record.partition = partition;
            record.key = key;
            record.payload = value;
            loop {
                match producer.send(record) {
                    Ok(()) => break,
                    Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                        record = back;
                        let _ = producer.flush(Duration::from_millis(10));
                    }
                    Err((error, _)) => panic!("{topic}: {error}"),
                }
            }
            sent += 1;
        }
        producer.flush(CALL * 4).expect("everything is sent");
        let state = acknowledged.0.lock().expect("no holder of this lock panics");
        assert_eq!((state.0, &state.1), (sent, &None), "every record of {topic} is acknowledged");
    }

    /// Sends records (key, value) into partition 0 in a transaction that is given up.
    pub fn produce_and_abort(&self, topic: &str, records: &[(&str, &str)]) {
        let mut config = self.config.clone();
        config.set("transactional.id", format!("{topic}-abort"));
        let producer: BaseProducer = config.create().expect("a client");
        producer.init_transactions(CALL).expect("the coordinator answers");
        producer.begin_transaction().expect("begun");
        for (key, value) in records {
            producer.send(BaseRecord::to(topic).partition(0).key(*key).payload(*value)).expect("taken");
        }
        producer.flush(CALL).expect("sent");
        producer.abort_transaction(CALL).expect("aborted");
    }

    /// Everything in a topic that is committed, partition by partition.
    pub fn read_committed(&self, topic: &str) -> Vec<Message> {
        self.read(topic, "read_committed")
    }

    fn read(&self, topic: &str, isolation: &str) -> Vec<Message> {
        let mut config = self.config.clone();
        config
            .set("group.id", "tests")
            .set("isolation.level", isolation)
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            // A new reader asks before it knows who leads, and an empty partition answers late: by default half a second each.
            .set("topic.metadata.refresh.fast.interval.ms", "10")
            .set("fetch.wait.max.ms", "10")
            .set("check.crcs", "true");
        let consumer: BaseConsumer = config.create().expect("a client");
        let metadata = consumer.fetch_metadata(Some(topic), CALL).expect("the broker answers");
        let partitions = metadata.topics()[0].partitions().len();
        let mut list = TopicPartitionList::new();
        for partition in 0..partitions as i32 {
            list.add_partition_offset(topic, partition, ListOffset::Beginning).expect("right");
        }
        consumer.assign(&list).expect("assigned");
        let mut messages = Vec::new();
        let mut ended = 0;
        while ended < partitions {
            match consumer.poll(CALL) {
                Some(Ok(message)) => messages.push(owned(&message)),
                Some(Err(rdkafka::error::KafkaError::PartitionEOF(_))) => ended += 1,
                Some(Err(error)) => panic!("{topic}: {error}"),
                None => panic!("{topic} could not be read to its end"),
            }
        }
        messages.sort_by_key(|message| (message.partition, message.offset));
        messages
    }

    /// The number of the broker that leads a partition.
    pub fn leader(&self, topic: &str, partition: i32) -> i32 {
        let consumer: BaseConsumer = self.config.create().expect("a client");
        let metadata = consumer.fetch_metadata(Some(topic), CALL).expect("the broker answers");
        let partitions = metadata.topics()[0].partitions();
        let found =
            partitions.iter().find(|found| found.id() == partition).expect("there is such a partition");
        found.leader()
    }

    /// (last stable offset, high watermark) of each partition: equal where no transaction is open.
    pub fn ends(&self, topic: &str) -> Vec<(i64, i64)> {
        let consumer = |isolation: &str| -> BaseConsumer {
            let mut config = self.config.clone();
            config.set("isolation.level", isolation).create().expect("a client")
        };
        let (committed, all) = (consumer("read_committed"), consumer("read_uncommitted"));
        let metadata = all.fetch_metadata(Some(topic), CALL).expect("the broker answers");
        let partitions = metadata.topics()[0].partitions().len() as i32;
        let end = |consumer: &BaseConsumer, partition| {
            consumer.fetch_watermarks(topic, partition, CALL).expect("an answer").1
        };
        (0..partitions).map(|partition| (end(&committed, partition), end(&all, partition))).collect()
    }

    /// How many members a consumer group has. None: its coordinator does not know yet.
    pub fn members(&self, group: &str) -> Option<usize> {
        let consumer: BaseConsumer = self.config.create().expect("a client");
        let groups = consumer.fetch_group_list(Some(group), CALL).ok()?;
        Some(groups.groups().iter().map(|group| group.members().len()).sum())
    }

    /// What a group has committed for a topic's partitions.
    pub fn committed(&self, group: &str, topic: &str, partitions: i32) -> Vec<Option<i64>> {
        let mut config = self.config.clone();
        let consumer: BaseConsumer = config.set("group.id", group).create().expect("a client");
        let mut list = TopicPartitionList::new();
        for partition in 0..partitions {
            list.add_partition(topic, partition);
        }
        // A group that is new has no coordinator yet.
        let answer = (0..TRIES).find_map(|_| match consumer.committed_offsets(list.clone(), CALL) {
            Err(KafkaError::MetadataFetch(RDKafkaErrorCode::NotCoordinator)) => None,
            other => Some(other),
        });
        let committed = answer.expect("there is a coordinator").expect("the broker answers");
        let offset =
            |element: rdkafka::topic_partition_list::TopicPartitionListElem<'_>| match element.offset() {
                ListOffset::Offset(next) => Some(next),
                _ => None,
            };
        committed.elements().into_iter().map(offset).collect()
    }
}

fn owned(message: &rdkafka::message::BorrowedMessage<'_>) -> Message {
    let headers = message.headers().map_or_else(Vec::new, |headers| {
        headers
            .iter()
            .map(|header| (header.key.to_owned(), header.value.unwrap_or_default().to_vec()))
            .collect()
    });
    Message {
        partition: message.partition(),
        offset: message.offset(),
        timestamp_ms: message.timestamp().to_millis().unwrap_or(-1),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers,
    }
}
