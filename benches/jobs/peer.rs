//! The hand-written program: what a good engineer writes for one of these jobs alone. One thread works; librdkafka's own threads fetch and
//! send. State is a hash map that a crash loses, which is cheaper than what it is compared with.

use hashbrown::HashMap;
use native::Message;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message as _;
use rdkafka::producer::{DefaultProducerContext, Producer, ThreadedProducer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use serde::Deserialize;
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

const COMMIT: Duration = Duration::from_millis(100);
const CALL: Duration = Duration::from_secs(30);
const HOUR_MS: i64 = 3_600_000;
const RANGE_MS: i64 = 300_000;
const OUT_OF_ORDER_MS: i64 = 5_000;
const GRACE_MS: i64 = 10_000;

type Map<K, V> = HashMap<K, V, foldhash::fast::FixedState>;

/// Only what the jobs need is decoded.
#[derive(Deserialize)]
struct Payment<'a> {
    #[serde(borrow)]
    id: &'a str,
    #[serde(borrow)]
    amount: &'a serde_json::value::RawValue,
    country: &'a str,
    #[serde(borrow)]
    merchant: Merchant<'a>,
    at: i64,
}

#[derive(Deserialize)]
struct Large<'a> {
    #[serde(borrow)]
    amount: &'a serde_json::value::RawValue,
    country: &'a str,
}

#[derive(Deserialize)]
struct Merchant<'a> {
    currency: &'a str,
}

#[derive(Deserialize)]
struct Card<'a> {
    tier: &'a str,
    home: &'a str,
}

fn cents(amount: &serde_json::value::RawValue) -> i64 {
    let mut cents = 0i64;
    let mut decimals = None;
    for byte in amount.get().bytes() {
        match byte {
            b'.' => decimals = Some(0),
            digit => {
                assert!(digit.is_ascii_digit(), "an amount is digits and a dot");
                cents = cents * 10 + i64::from(digit - b'0');
                decimals = decimals.map(|count| count + 1);
            }
        }
    }
    match decimals {
        None => cents * 100,
        Some(1) => cents * 10,
        Some(2) => cents,
        Some(other) => panic!("{other} decimals"),
    }
}

fn put(row: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        row.extend_from_slice(part.as_bytes());
    }
}

fn put_cents(row: &mut Vec<u8>, cents: i64) {
    row.extend_from_slice(itoa::Buffer::new().format(cents / 100).as_bytes());
    let part = (cents % 100) as u8;
    row.extend_from_slice(&[b'.', b'0' + part / 10, b'0' + part % 10]);
}

/// arguments: job, brokers, input topic, output topic, group.
pub fn run(arguments: &[String]) {
    let [job, brokers, input, output, group] = arguments else { panic!("five arguments are needed") };
    let mut program = Program::new(brokers, input, output, group);
    match job.as_str() {
        "w1" => program.each(&mut (), |program, (), message| {
            let large: Large<'_> = serde_json::from_slice(message.payload).expect("JSON");
            if matches!(large.country, "FR" | "DE") && cents(large.amount) >= 50_000 {
                let key = message.key;
                program.send(message.partition, message.timestamp_ms, key, message.payload);
            }
        }),
        "w2" => program.each(&mut Hourly::default(), |_, hourly, message| hourly.take(message)),
        "w3" => program.each(&mut Map::<String, VecDeque<i64>>::default(), velocity),
        "w4" => {
            let mut cards = cards(brokers);
            program.each(&mut cards, join);
        }
        "w5" => {
            let mut totals = Totals::default();
            program.each(&mut totals, |_, totals, message| totals.take(message));
        }
        other => panic!("there is no job {other}"),
    }
}

/// It runs until it is killed, so nothing is taken down.
struct Program {
    queue: Queue,
    topic: Topic,
    consumer: BaseConsumer,
    producer: ThreadedProducer<DefaultProducerContext>,
    input: String,
    partitions: usize,
    next: Vec<i64>,
    row: Vec<u8>,
}

/// All partitions' messages, read in batches: half of what one event object for each message costs.
#[derive(Clone, Copy)]
struct Queue(*mut rdkafka::bindings::rd_kafka_queue_t);

struct Topic(*mut rdkafka::bindings::rd_kafka_topic_t);

#[expect(
    unsafe_code,
    reason = "the crate reads no batches, and looks a topic up by its name for each record"
)]
mod native {
    use super::*;
    use rdkafka::bindings as sys;
    use std::ffi::{CString, c_int, c_void};

    pub const BATCH: usize = 1024;

    /// One message of the input.
    pub struct Message<'a> {
        pub partition: i32,
        pub offset: i64,
        pub timestamp_ms: i64,
        pub key: &'a [u8],
        pub payload: &'a [u8],
    }

    impl Queue {
        pub fn of(consumer: &BaseConsumer, input: &str, partitions: usize) -> Queue {
            let native = consumer.client().native_ptr();
            let topic = CString::new(input).expect("a name");
            // SAFETY: the queues are ours, and the consumer lives as long as the program.
            unsafe {
                let queue = sys::rd_kafka_queue_new(native);
                for partition in 0..partitions as i32 {
                    let part = sys::rd_kafka_queue_get_partition(native, topic.as_ptr(), partition);
                    sys::rd_kafka_queue_forward(part, queue);
                    sys::rd_kafka_queue_destroy(part);
                }
                Queue(queue)
            }
        }

        /// Waits a little for the first message.
        pub fn consume(&self, mut take: impl FnMut(&Message<'_>)) {
            let mut messages = [std::ptr::null_mut(); BATCH];
            // SAFETY: the array has room for as many as are asked for; each message is ours until it is destroyed.
            unsafe {
                let count = sys::rd_kafka_consume_batch_queue(self.0, 5, messages.as_mut_ptr(), BATCH);
                for message in &messages[..usize::try_from(count).expect("a count")] {
                    let given = &**message;
                    assert!(given.err == rdkafka::types::RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR);
                    take(&Message {
                        partition: given.partition,
                        offset: given.offset,
                        timestamp_ms: sys::rd_kafka_message_timestamp(given, std::ptr::null_mut()),
                        key: std::slice::from_raw_parts(given.key.cast(), given.key_len),
                        payload: std::slice::from_raw_parts(given.payload.cast(), given.len),
                    });
                    sys::rd_kafka_message_destroy(*message);
                }
            }
        }
    }

    impl Topic {
        pub fn of(producer: &ThreadedProducer<DefaultProducerContext>, name: &str) -> Topic {
            let name = CString::new(name).expect("a name");
            // SAFETY: the handle is ours, and the producer lives as long as the program.
            Topic(unsafe {
                sys::rd_kafka_topic_new(producer.client().native_ptr(), name.as_ptr(), std::ptr::null_mut())
            })
        }
    }

    impl Program {
        pub fn send(&self, partition: i32, at_ms: i64, key: &[u8], row: &[u8]) {
            let native = self.producer.client().native_ptr();
            loop {
                // SAFETY: every tag is followed by what it says; key and value are copied.
                let code = unsafe {
                    sys::rd_kafka_producev(
                        native,
                        sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_RKT as c_int,
                        self.topic.0,
                        sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_PARTITION as c_int,
                        partition,
                        sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_MSGFLAGS as c_int,
                        sys::RD_KAFKA_MSG_F_COPY as c_int,
                        sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_VALUE as c_int,
                        row.as_ptr().cast::<c_void>(),
                        row.len(),
                        sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_KEY as c_int,
                        key.as_ptr().cast::<c_void>(),
                        key.len(),
                        sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_TIMESTAMP as c_int,
                        at_ms,
                        sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_END as c_int,
                    )
                };
                use rdkafka::types::RDKafkaRespErr as Code;
                match code {
                    Code::RD_KAFKA_RESP_ERR_NO_ERROR => return,
                    Code::RD_KAFKA_RESP_ERR__QUEUE_FULL => self.producer.poll(Duration::from_millis(1)),
                    other => panic!("a row was not taken: {other:?}"),
                }
            }
        }

        pub fn flush(&self) {
            // SAFETY: the handle lives as long as the producer.
            unsafe { sys::rd_kafka_flush(self.producer.client().native_ptr(), 30_000) };
        }

        pub fn commit_transaction(&self) {
            // SAFETY: the handle lives as long as the producer.
            let error = unsafe { sys::rd_kafka_commit_transaction(self.producer.client().native_ptr(), -1) };
            assert!(error.is_null(), "the commit failed");
        }
    }
}

/// What is done before each commit.
trait State {
    fn before_commit(&mut self, _program: &mut Program) {}
}

impl State for () {}
impl State for Map<String, VecDeque<i64>> {}
impl State for Map<String, Box<str>> {}

impl Program {
    fn new(brokers: &str, input: &str, output: &str, group: &str) -> Program {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", brokers);
        let consumer: BaseConsumer = config
            .clone()
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("isolation.level", "read_committed")
            .set("fetch.queue.backoff.ms", "2")
            .create()
            .expect("a consumer");
        let metadata = consumer.fetch_metadata(Some(input), CALL).expect("the broker answers");
        let partitions = metadata.topics()[0].partitions().len();
        // It is alone, so it needs no group to share the partitions out.
        let mut list = TopicPartitionList::new();
        for partition in 0..partitions as i32 {
            list.add_partition_offset(input, partition, Offset::Beginning).expect("right");
        }
        let queue = Queue::of(&consumer, input, partitions);
        consumer.assign(&list).expect("assigned");
        let producer: ThreadedProducer<DefaultProducerContext> = config
            .set("transactional.id", group)
            .set("linger.ms", "5")
            .set("batch.num.messages", "100000")
            .set("queue.buffering.max.messages", "500000")
            .set("queue.buffering.max.kbytes", "65536")
            .set("delivery.report.only.error", "true")
            .set("retry.backoff.ms", "5")
            .create()
            .expect("a producer");
        producer.init_transactions(CALL).expect("transactions");
        let topic = Topic::of(&producer, output);
        Program {
            queue,
            topic,
            consumer,
            producer,
            input: input.to_owned(),
            partitions,
            next: vec![-1; partitions],
            row: Vec::new(),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "it commits by the clock")]
    fn each<S: State>(&mut self, state: &mut S, mut take: impl FnMut(&mut Program, &mut S, &Message<'_>)) {
        let mut begun = false;
        let mut last = Instant::now();
        loop {
            let queue = self.queue;
            queue.consume(|message| {
                if !begun {
                    self.producer.begin_transaction().expect("begun");
                    begun = true;
                }
                take(self, state, message);
                self.next[message.partition as usize] = message.offset + 1;
            });
            if begun && last.elapsed() >= COMMIT {
                state.before_commit(self);
                self.commit();
                begun = false;
                last = Instant::now();
            }
        }
    }

    fn commit(&mut self) {
        let mut list = TopicPartitionList::new();
        for (partition, next) in self.next.iter().enumerate().filter(|(_, next)| **next >= 0) {
            let offset = Offset::Offset(*next);
            list.add_partition_offset(&self.input, partition as i32, offset).expect("right");
        }
        self.flush();
        let group = self.consumer.group_metadata().expect("a group");
        self.producer.send_offsets_to_transaction(&list, &group, CALL).expect("offsets are taken");
        self.commit_transaction();
    }
}

fn velocity(program: &mut Program, cards: &mut Map<String, VecDeque<i64>>, message: &Message<'_>) {
    let payment: Payment<'_> = serde_json::from_slice(message.payload).expect("JSON");
    let key = message.key;
    let card = std::str::from_utf8(key).expect("text");
    let times = match cards.get_mut(card) {
        Some(times) => times,
        None => cards.entry(card.to_owned()).or_default(),
    };
    // Newest last; what is older than the range by more than the disorder can be forgotten.
    while times.front().is_some_and(|at| *at <= payment.at - RANGE_MS - OUT_OF_ORDER_MS) {
        times.pop_front();
    }
    times.push_back(payment.at);
    let n = times.iter().filter(|at| **at > payment.at - RANGE_MS && **at <= payment.at).count();
    if n > 2 {
        let mut row = std::mem::take(&mut program.row);
        row.clear();
        put(&mut row, &[r#"{"id":""#, payment.id, r#"","card":""#, card, r#"","n":"#]);
        row.extend_from_slice(itoa::Buffer::new().format(n).as_bytes());
        row.push(b'}');
        program.send(message.partition, payment.at, key, &row);
        program.row = row;
    }
}

fn cards(brokers: &str) -> Map<String, Box<str>> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("group.id", "cards").set("enable.partition.eof", "true");
    let consumer: BaseConsumer = config.create().expect("a consumer");
    let metadata = consumer.fetch_metadata(Some("cards"), CALL).expect("the broker answers");
    let partitions = metadata.topics()[0].partitions().len();
    let mut list = TopicPartitionList::new();
    for partition in 0..partitions as i32 {
        list.add_partition_offset("cards", partition, Offset::Beginning).expect("right");
    }
    consumer.assign(&list).expect("assigned");
    let mut cards = Map::default();
    let mut ended = 0;
    while ended < partitions {
        match consumer.poll(CALL) {
            Some(Ok(message)) => {
                let card: Card<'_> = serde_json::from_slice(message.payload().expect("a row")).expect("JSON");
                let key = std::str::from_utf8(message.key().expect("a key")).expect("text");
                // What is known of a card, as it stands at the end of each row.
                let known = format!(r#"","tier":"{}","home":"{}"}}"#, card.tier, card.home);
                cards.insert(key.to_owned(), known.into());
            }
            Some(Err(_)) => ended += 1,
            None => panic!("the table of cards could not be read"),
        }
    }
    cards
}

fn join(program: &mut Program, cards: &mut Map<String, Box<str>>, message: &Message<'_>) {
    let payment: Payment<'_> = serde_json::from_slice(message.payload).expect("JSON");
    let key = message.key;
    let card = std::str::from_utf8(key).expect("text");
    let Some(known) = cards.get(card) else { return };
    let cents = cents(payment.amount);
    let mut row = std::mem::take(&mut program.row);
    row.clear();
    put(&mut row, &[r#"{"id":""#, payment.id, r#"","card":""#, card, r#"","amount":""#]);
    put_cents(&mut row, cents);
    put(&mut row, &[r#"","country":""#, payment.country, known]);
    program.send(message.partition, payment.at, key, &row);
    program.row = row;
}

/// Windows by their start; the currencies of one are few.
#[derive(Default)]
struct Hourly {
    windows: BTreeMap<i64, Vec<Volume>>,
    watermarks: BTreeMap<i32, i64>,
}

struct Volume {
    currency: String,
    cents: i64,
    count: u64,
}

impl Hourly {
    fn take(&mut self, message: &Message<'_>) {
        let payment: Payment<'_> = serde_json::from_slice(message.payload).expect("JSON");
        let start = payment.at.div_euclid(HOUR_MS) * HOUR_MS;
        let currency = payment.merchant.currency;
        let cents = cents(payment.amount);
        let volumes = self.windows.entry(start).or_default();
        match volumes.iter_mut().find(|volume| volume.currency == currency) {
            Some(volume) => {
                volume.cents += cents;
                volume.count += 1;
            }
            None => volumes.push(Volume { currency: currency.to_owned(), cents, count: 1 }),
        }
        let watermark = self.watermarks.entry(message.partition).or_insert(i64::MIN);
        *watermark = (*watermark).max(payment.at - OUT_OF_ORDER_MS);
    }
}

impl State for Hourly {
    fn before_commit(&mut self, program: &mut Program) {
        if self.watermarks.len() < program.partitions {
            return;
        }
        let watermark = *self.watermarks.values().min().expect("partitions");
        while let Some(entry) = self.windows.first_entry() {
            let start = *entry.key();
            if start + HOUR_MS + GRACE_MS > watermark {
                return;
            }
            for Volume { currency, cents, count } in entry.remove() {
                let row = format!(
                    r#"{{"currency":"{currency}","window":{{"start":"{}","end":"{}"}},"volume":"{}.{:02}","payments":{count}}}"#,
                    rfc3339(start),
                    rfc3339(start + HOUR_MS),
                    cents / 100,
                    cents % 100
                );
                program.send(0, start + HOUR_MS, currency.as_bytes(), row.as_bytes());
            }
        }
    }
}

fn rfc3339(millis: i64) -> String {
    let mut out = Vec::new();
    tidegate_model::time::write_rfc3339(millis * 1000, &mut out);
    String::from_utf8(out).expect("text")
}

#[derive(Default)]
struct Totals {
    cards: Map<String, Total>,
    changed: Vec<String>,
}

#[derive(Default)]
struct Total {
    count: u64,
    cents: i64,
    partition: i32,
    at: i64,
    changed: bool,
}

impl Totals {
    fn take(&mut self, message: &Message<'_>) {
        let payment: Payment<'_> = serde_json::from_slice(message.payload).expect("JSON");
        let card = std::str::from_utf8(message.key).expect("text");
        let total = match self.cards.get_mut(card) {
            Some(total) => total,
            None => self.cards.entry(card.to_owned()).or_default(),
        };
        total.count += 1;
        total.cents += cents(payment.amount);
        total.partition = message.partition;
        total.at = payment.at;
        if !total.changed {
            total.changed = true;
            self.changed.push(card.to_owned());
        }
    }
}

impl State for Totals {
    fn before_commit(&mut self, program: &mut Program) {
        let mut row = Vec::new();
        for card in self.changed.drain(..) {
            let total = self.cards.get_mut(&card).expect("it changed");
            total.changed = false;
            row.clear();
            put(&mut row, &[r#"{"card":""#, &card, r#"","payments":"#]);
            row.extend_from_slice(itoa::Buffer::new().format(total.count).as_bytes());
            put(&mut row, &[r#","paid":""#]);
            put_cents(&mut row, total.cents);
            put(&mut row, &[r#""}"#]);
            program.send(total.partition, total.at, card.as_bytes(), &row);
        }
    }
}
