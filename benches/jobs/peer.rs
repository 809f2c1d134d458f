//! The hand-written program: what a good engineer writes for one of these jobs alone. One thread works; librdkafka's own threads fetch and
//! send. State is a hash map that a crash loses, which is cheaper than what it is compared with.

use hashbrown::HashMap;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use serde::Deserialize;
use std::collections::{BTreeMap, VecDeque};
use std::io::Write;
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
    let text = amount.get();
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let part: i64 = format!("{part:0<2}")[..2].parse().expect("digits");
    whole.parse::<i64>().expect("digits") * 100 + part
}

/// arguments: job, brokers, input topic, output topic, group.
pub fn run(arguments: &[String]) {
    let [job, brokers, input, output, group] = arguments else { panic!("five arguments are needed") };
    let mut program = Program::new(brokers, input, output, group);
    match job.as_str() {
        "w1" => program.each(&mut (), |program, (), message| {
            let large: Large<'_> =
                serde_json::from_slice(message.payload().expect("a payload")).expect("JSON");
            if matches!(large.country, "FR" | "DE") && cents(large.amount) >= 50_000 {
                let key = message.key().expect("a key");
                program.send(
                    message.partition(),
                    message.timestamp().to_millis(),
                    key,
                    message.payload().expect("a payload"),
                );
            }
        }),
        "w2" => {
            program.each(&mut Hourly::default(), |program, hourly, message| hourly.take(program, message))
        }
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

struct Program {
    consumer: BaseConsumer,
    producer: ThreadedProducer<DefaultProducerContext>,
    input: String,
    output: String,
    next: BTreeMap<i32, i64>,
    row: Vec<u8>,
}

/// What is done before each commit.
trait State {
    fn before_commit(&mut self, _program: &mut Program) {}
}

impl State for () {}
impl State for Map<String, VecDeque<i64>> {}
impl State for Map<String, (String, String)> {}

impl Program {
    fn new(brokers: &str, input: &str, output: &str, group: &str) -> Program {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", brokers);
        let consumer: BaseConsumer = config
            .clone()
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("auto.offset.reset", "earliest")
            .set("isolation.level", "read_committed")
            .set("fetch.queue.backoff.ms", "2")
            .create()
            .expect("a consumer");
        consumer.subscribe(&[input]).expect("subscribed");
        let producer: ThreadedProducer<DefaultProducerContext> = config
            .set("transactional.id", group)
            .set("linger.ms", "5")
            .set("batch.num.messages", "100000")
            .set("queue.buffering.max.messages", "500000")
            .set("delivery.report.only.error", "true")
            .set("retry.backoff.ms", "5")
            .create()
            .expect("a producer");
        producer.init_transactions(CALL).expect("transactions");
        Program {
            consumer,
            producer,
            input: input.to_owned(),
            output: output.to_owned(),
            next: BTreeMap::new(),
            row: Vec::new(),
        }
    }

    fn send(&self, partition: i32, at_ms: Option<i64>, key: &[u8], row: &[u8]) {
        let mut record: BaseRecord<'_, [u8], [u8]> =
            BaseRecord::to(&self.output).partition(partition).key(key).payload(row);
        record.timestamp = at_ms;
        while let Err((_, back)) = self.producer.send(record) {
            record = back;
            self.producer.poll(Duration::from_millis(1));
        }
    }

    #[expect(clippy::disallowed_methods, reason = "it commits by the clock")]
    fn each<S: State>(
        &mut self,
        state: &mut S,
        mut take: impl FnMut(&mut Program, &mut S, &rdkafka::message::BorrowedMessage<'_>),
    ) {
        let mut begun = false;
        let mut last = Instant::now();
        let mut count = 0u32;
        loop {
            // The message borrows from the consumer, which the rest of the program does not touch meanwhile.
            let consumer: *const BaseConsumer = &self.consumer;
            #[expect(unsafe_code, reason = "the consumer is neither moved nor dropped while the loop runs")]
            // SAFETY: see the reason.
            let message = unsafe { &*consumer }.poll(Duration::from_millis(5));
            match message {
                Some(Ok(message)) => {
                    if !begun {
                        self.producer.begin_transaction().expect("begun");
                        begun = true;
                    }
                    take(self, state, &message);
                    self.next.insert(message.partition(), message.offset() + 1);
                    count += 1;
                    if !count.is_multiple_of(256) {
                        continue;
                    }
                }
                Some(Err(error)) => panic!("{error}"),
                None => {}
            }
            if begun && last.elapsed() >= COMMIT {
                state.before_commit(self);
                self.commit();
                begun = false;
                last = Instant::now();
            }
        }
    }

    #[expect(unsafe_code, reason = "the crate's flush and commit wait in slices of 100 ms")]
    fn commit(&mut self) {
        let mut list = TopicPartitionList::new();
        for (partition, next) in &self.next {
            list.add_partition_offset(&self.input, *partition, Offset::Offset(*next)).expect("right");
        }
        let native = self.producer.client().native_ptr();
        // SAFETY: the handle lives as long as the producer.
        unsafe { rdkafka::bindings::rd_kafka_flush(native, 30_000) };
        let group = self.consumer.group_metadata().expect("a member");
        self.producer.send_offsets_to_transaction(&list, &group, CALL).expect("offsets are taken");
        // SAFETY: the handle lives as long as the producer.
        let error = unsafe { rdkafka::bindings::rd_kafka_commit_transaction(native, -1) };
        assert!(error.is_null(), "the commit failed");
    }
}

fn velocity(
    program: &mut Program,
    cards: &mut Map<String, VecDeque<i64>>,
    message: &rdkafka::message::BorrowedMessage<'_>,
) {
    let payment: Payment<'_> = serde_json::from_slice(message.payload().expect("a payload")).expect("JSON");
    let key = message.key().expect("a key");
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
        write!(row, r#"{{"id":"{}","card":"{card}","n":{n}}}"#, payment.id).expect("written");
        program.send(message.partition(), Some(payment.at), key, &row);
        program.row = row;
    }
}

fn cards(brokers: &str) -> Map<String, (String, String)> {
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
                cards.insert(key.to_owned(), (card.tier.to_owned(), card.home.to_owned()));
            }
            Some(Err(_)) => ended += 1,
            None => panic!("the table of cards could not be read"),
        }
    }
    cards
}

fn join(
    program: &mut Program,
    cards: &mut Map<String, (String, String)>,
    message: &rdkafka::message::BorrowedMessage<'_>,
) {
    let payment: Payment<'_> = serde_json::from_slice(message.payload().expect("a payload")).expect("JSON");
    let key = message.key().expect("a key");
    let card = std::str::from_utf8(key).expect("text");
    let Some((tier, home)) = cards.get(card) else { return };
    let cents = cents(payment.amount);
    let mut row = std::mem::take(&mut program.row);
    row.clear();
    write!(
        row,
        r#"{{"id":"{}","card":"{card}","amount":"{}.{:02}","country":"{}","tier":"{tier}","home":"{home}"}}"#,
        payment.id,
        cents / 100,
        cents % 100,
        payment.country
    )
    .expect("written");
    program.send(message.partition(), Some(payment.at), key, &row);
    program.row = row;
}

#[derive(Default)]
struct Hourly {
    windows: BTreeMap<(i64, String), (i64, u64)>,
    watermarks: BTreeMap<i32, i64>,
    partitions: Option<usize>,
}

impl Hourly {
    fn take(&mut self, program: &mut Program, message: &rdkafka::message::BorrowedMessage<'_>) {
        let payment: Payment<'_> =
            serde_json::from_slice(message.payload().expect("a payload")).expect("JSON");
        let start = payment.at.div_euclid(HOUR_MS) * HOUR_MS;
        let currency = payment.merchant.currency;
        let cents = cents(payment.amount);
        match self.windows.get_mut(&(start, currency.to_owned())) {
            Some(window) => {
                window.0 += cents;
                window.1 += 1;
            }
            None => {
                self.windows.insert((start, currency.to_owned()), (cents, 1));
            }
        }
        let watermark = self.watermarks.entry(message.partition()).or_insert(i64::MIN);
        *watermark = (*watermark).max(payment.at - OUT_OF_ORDER_MS);
        let _ = program;
    }
}

impl State for Hourly {
    fn before_commit(&mut self, program: &mut Program) {
        let partitions = *self.partitions.get_or_insert_with(|| {
            let metadata =
                program.consumer.fetch_metadata(Some(&program.input), CALL).expect("the broker answers");
            metadata.topics()[0].partitions().len()
        });
        if self.watermarks.len() < partitions {
            return;
        }
        let watermark = *self.watermarks.values().min().expect("partitions");
        while let Some(entry) = self.windows.first_entry() {
            let (start, currency) = entry.key().clone();
            if start + HOUR_MS + GRACE_MS > watermark {
                return;
            }
            let (cents, count) = entry.remove();
            let row = format!(
                r#"{{"currency":"{currency}","window":{{"start":"{}","end":"{}"}},"volume":"{}.{:02}","payments":{count}}}"#,
                rfc3339(start),
                rfc3339(start + HOUR_MS),
                cents / 100,
                cents % 100
            );
            program.send(0, Some(start + HOUR_MS), currency.as_bytes(), row.as_bytes());
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
    fn take(&mut self, message: &rdkafka::message::BorrowedMessage<'_>) {
        let payment: Payment<'_> =
            serde_json::from_slice(message.payload().expect("a payload")).expect("JSON");
        let card = std::str::from_utf8(message.key().expect("a key")).expect("text");
        let total = match self.cards.get_mut(card) {
            Some(total) => total,
            None => self.cards.entry(card.to_owned()).or_default(),
        };
        total.count += 1;
        total.cents += cents(payment.amount);
        total.partition = message.partition();
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
            write!(
                row,
                r#"{{"card":"{card}","payments":{},"paid":"{}.{:02}"}}"#,
                total.count,
                total.cents / 100,
                total.cents % 100
            )
            .expect("written");
            program.send(total.partition, Some(total.at), card.as_bytes(), &row);
        }
    }
}
