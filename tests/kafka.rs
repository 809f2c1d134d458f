//! The topologies on a real Kafka: what comes out is what the oracles say, at 1 and 4 partitions, from 1 and 3 processes.

mod support;

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;
use support::{Process, oracle, repository, until};
use tidegate_sim::payments::{Payment, Payments};
use tidegate_sim::{Broker, Message, Topics};

const CARDS: u64 = 500;

/// One broker for all tests of this program; it ends with the process.
fn broker() -> &'static Broker {
    static BROKER: OnceLock<Broker> = OnceLock::new();
    BROKER.get_or_init(Broker::start)
}

/// A topology whose topics bear a prefix, so that each test has its own.
struct Bed {
    dir: tempfile::TempDir,
    topics: Topics,
    prefix: String,
}

impl Bed {
    fn new(prefix: &str) -> Bed {
        let dir = tempfile::tempdir().expect("a directory");
        Bed { dir, topics: Topics::new(&broker().config()), prefix: prefix.to_owned() }
    }

    fn name(&self, topic: &str) -> String {
        format!("{}.{topic}", self.prefix)
    }

    /// The topology of a file of `tests/topologies`, under another name and with other topics.
    fn topology(&self, name: &str) -> std::path::PathBuf {
        let text =
            std::fs::read_to_string(repository(&format!("tests/topologies/{name}.tide"))).expect("read");
        let text = text
            .replace("kafka(\"", &format!("kafka(\"{}.", self.prefix))
            .replace(&format!("topology {name}"), &format!("topology {}_{name}", self.prefix));
        let path = self.dir.path().join(format!("{name}.tide"));
        std::fs::write(&path, text).expect("written");
        path
    }

    fn start(&self, topology: &std::path::Path, number: usize, more: &[&str]) -> Process {
        Process::run(topology, &broker().address(), &self.dir.path().join(format!("data-{number}")), more)
    }

    fn produce(&self, payments: &[Payment], partitions: u32) {
        let rows: Vec<(i32, Vec<u8>)> =
            payments.iter().map(|payment| (payment.partition(partitions), payment.json())).collect();
        let records = payments.iter().zip(&rows).map(|(payment, (partition, row))| {
            (Some(*partition), Some(payment.card.as_bytes()), Some(row.as_slice()))
        });
        self.topics.produce(&self.name("payments"), records);
    }

    /// Waits until a topic holds `count` committed records.
    fn wait_for(&self, topic: &str, count: usize, processes: &mut [Process]) -> Vec<Message> {
        let topic = self.name(topic);
        until(&format!("{count} records in {topic}"), || {
            for process in processes.iter_mut() {
                assert!(process.exit().is_none(), "a process ended:\n{}", process.told());
            }
            let messages = self.topics.read_committed(&topic);
            assert!(messages.len() <= count, "{} records in {topic}, and {count} are right", messages.len());
            (messages.len() == count).then_some(messages)
        })
    }
}

fn payments(count: u64) -> Vec<Payment> {
    let payments = Payments { seed: 7, cards: CARDS, step_ms: 1_000, disorder_ms: 5_000 };
    (0..count).map(|n| payments.payment(n)).collect()
}

fn by_partition(payments: &[Payment], partitions: u32) -> BTreeMap<i32, Vec<&Payment>> {
    let mut parts: BTreeMap<i32, Vec<&Payment>> = BTreeMap::new();
    for payment in payments {
        parts.entry(payment.partition(partitions)).or_default().push(payment);
    }
    parts
}

fn texts(messages: &[Message], partition: i32) -> Vec<String> {
    messages.iter().filter(|message| message.partition == partition).map(Message::text).collect()
}

fn filter_is_exact(prefix: &str, partitions: u32, processes: usize) {
    let bed = Bed::new(prefix);
    for topic in ["payments", "w1.large"] {
        bed.topics.create(&bed.name(topic), partitions as i32, &[]);
    }
    let payments = payments(20_000);
    let topology = bed.topology("w1_filter");
    let mut running: Vec<Process> = (0..processes).map(|number| bed.start(&topology, number, &[])).collect();
    bed.produce(&payments, partitions);
    let count = payments.iter().filter(|payment| oracle::is_large(payment)).count();
    let messages = bed.wait_for("w1.large", count, &mut running);
    for (partition, payments) in by_partition(&payments, partitions) {
        let right: Vec<&Payment> = payments.into_iter().filter(|payment| oracle::is_large(payment)).collect();
        let rows: Vec<String> =
            right.iter().map(|payment| String::from_utf8(payment.json()).expect("text")).collect();
        assert_eq!(texts(&messages, partition), rows, "partition {partition}: as they came, in order");
    }
    for message in &messages {
        let n: u64 = message.text()[8..18].parse().expect("the payment's number");
        let payment = &payments[n as usize];
        assert_eq!(message.key.as_deref(), Some(payment.card.as_bytes()));
        assert_eq!(message.timestamp_ms, payment.at_ms);
    }
    for process in running {
        assert!(process.stop().success());
    }
}

#[test]
fn filter_1_partition_1_process() {
    filter_is_exact("f11", 1, 1);
}

/// The other one would go on without its partitions, and nobody would take them.
#[test]
fn a_worker_that_panics_ends_its_process() {
    let bed = Bed::new("panic");
    for topic in ["payments", "w1.large"] {
        bed.topics.create(&bed.name(topic), 2, &[]);
    }
    let payments = payments(5_000);
    bed.produce(&payments, 2);
    let topology = bed.topology("w1_filter");
    let start = |variables: &[(&str, &str)]| {
        let data = bed.dir.path().join("data-0");
        Process::run_in(variables, &topology, &broker().address(), &data, &["--workers", "2"])
    };
    let mut process = start(&[("TIDEGATE_FAILPOINTS", "commit.prepared=panic")]);
    let ended = until("the end of the process", || process.exit());
    assert!(!ended.success() && process.told().contains("panicked at"), "{}", process.told());
    let right = payments.iter().filter(|payment| oracle::is_large(payment)).count();
    bed.wait_for("w1.large", right, &mut [start(&[])]);
}

#[test]
fn filter_4_partitions_3_processes() {
    filter_is_exact("f43", 4, 3);
}

fn hourly_is_exact(prefix: &str, partitions: u32, processes: usize, workers: &str) {
    let bed = Bed::new(prefix);
    for topic in ["payments", "w2.hourly", "w2.late"] {
        bed.topics.create(&bed.name(topic), partitions as i32, &[]);
    }
    let payments = payments(40_000);
    bed.produce(&payments, partitions);
    let topology = bed.topology("w2_hourly");
    let mut running: Vec<Process> =
        (0..processes).map(|number| bed.start(&topology, number, &["--workers", workers])).collect();
    // The watermark of the slowest partition, less the disorder that the source declares, has made these final.
    let parts = by_partition(&payments, partitions);
    let newest =
        |payments: &Vec<&Payment>| payments.iter().map(|payment| payment.at_ms).max().unwrap_or(i64::MIN);
    let watermark = parts.values().map(newest).min().expect("partitions") - 5_000;
    let rows = oracle::hourly(payments.iter(), 10_000, watermark);
    let messages = bed.wait_for("w2.hourly", rows.len(), &mut running);
    let mut found: Vec<String> = messages.iter().map(Message::text).collect();
    found.sort();
    assert_eq!(found, rows);
    assert_eq!(bed.topics.read_committed(&bed.name("w2.late")), [], "nothing is late");
    for process in running {
        assert!(process.stop().success());
    }
}

#[test]
fn hourly_1_partition_1_process() {
    hourly_is_exact("h11", 1, 1, "1");
}

#[test]
fn hourly_4_partitions_1_process_2_workers() {
    hourly_is_exact("h41", 4, 1, "2");
}

#[test]
fn hourly_4_partitions_3_processes() {
    hourly_is_exact("h43", 4, 3, "1");
}

/// More groups than one fetch holds, all in windows that close at once.
/// What a topology has left on the brokers says what a change of it does.
#[test]
fn a_change_is_told_against_what_runs() {
    let bed = Bed::new("against");
    for topic in ["payments", "w2.hourly", "w2.late"] {
        bed.topics.create(&bed.name(topic), 1, &[]);
    }
    let payments = payments(20_000);
    bed.produce(&payments, 1);
    let topology = bed.topology("w2_hourly");
    let plan = || {
        let output = std::process::Command::new(support::tidegate())
            .args(["plan", topology.to_str().expect("a path"), "--against", "running", "--brokers"])
            .arg(broker().address())
            .output()
            .expect("it runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        (output.status.code(), text(output.stdout) + &text(output.stderr))
    };
    let (code, told) = plan();
    assert!(code == Some(0) && told.contains("new:") && !told.contains("kept:"), "{told}");
    let mut running = vec![bed.start(&topology, 0, &[])];
    let newest = payments.iter().map(|payment| payment.at_ms).max().expect("some");
    let rows = oracle::hourly(payments.iter(), 10_000, newest - 5_000);
    bed.wait_for("w2.hourly", rows.len(), &mut running);
    let (code, told) = plan();
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("kept:        store hourly.aggregate"), "{told}");
    assert!(told.contains(&format!("kept:        input {}", bed.name("payments"))), "{told}");
    assert!(!told.contains("new:"), "{told}");
    for process in running {
        assert!(process.stop().success());
    }
    let _open = positions_in_an_open_transaction("against_w2_hourly", &bed.name("payments"));
    let (code, told) = plan();
    assert_eq!(code, Some(0), "a look waits for no transaction: {told}");
    assert!(told.contains(&format!("kept:        input {}", bed.name("payments"))), "{told}");
    let text = std::fs::read_to_string(&topology).expect("read");
    let changed = text.replacen("aggregate {", "aggregate { more: count(),", 1);
    assert_ne!(changed, text);
    std::fs::write(&topology, changed).expect("written");
    let (code, told) = plan();
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("refused:     store hourly.aggregate"), "{told}");
}

/// What a killed process leaves: a transaction with positions of its group that nobody ends.
fn positions_in_an_open_transaction(group: &str, topic: &str) -> rdkafka::producer::BaseProducer {
    use rdkafka::consumer::{BaseConsumer, Consumer};
    use rdkafka::producer::{BaseProducer, Producer};
    use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
    let mut config = broker().config();
    config.set("group.id", group);
    let consumer: BaseConsumer = config.create().expect("a consumer");
    let mut config = broker().config();
    config.set("transactional.id", format!("{group}-killed"));
    let producer: BaseProducer = config.create().expect("a producer");
    let wait = Duration::from_secs(30);
    producer.init_transactions(wait).expect("the coordinator answers");
    producer.begin_transaction().expect("begun");
    let mut positions = TopicPartitionList::new();
    positions.add_partition_offset(topic, 0, Offset::Offset(1)).expect("an offset");
    let metadata = consumer.group_metadata().expect("of a group");
    producer.send_offsets_to_transaction(&positions, &metadata, wait).expect("the group has no member");
    producer
}

#[test]
fn a_window_of_many_groups_is_whole() {
    let bed = Bed::new("g42");
    for topic in ["payments", "w2.hourly", "w2.late"] {
        bed.topics.create(&bed.name(topic), 4, &[]);
    }
    let payments = payments(40_000);
    bed.produce(&payments, 4);
    let topology = bed.topology("w2_hourly");
    let text = std::fs::read_to_string(&topology).expect("read");
    let by_id = text.replace("group by merchant.currency", "group by id").replace("grace 10s", "grace 0s");
    assert_ne!(by_id, text);
    std::fs::write(&topology, by_id).expect("written");
    let mut running: Vec<Process> = (0..2).map(|number| bed.start(&topology, number, &[])).collect();
    let newest = |payments: &Vec<&Payment>| payments.iter().map(|payment| payment.at_ms).max();
    let parts = by_partition(&payments, 4);
    let watermark = parts.values().filter_map(newest).min().expect("partitions") - 5_000;
    let final_hours = |payment: &&Payment| (payment.at_ms.div_euclid(3_600_000) + 1) * 3_600_000 <= watermark;
    let right = payments.iter().filter(final_hours).count();
    assert!(right > 30_000, "{right} groups are in closed windows");
    bed.wait_for("w2.hourly", right, &mut running);
    assert_eq!(bed.topics.read_committed(&bed.name("w2.late")), [], "nothing is late");
    for process in running {
        assert!(process.stop().success());
    }
}

fn velocity_is_exact(prefix: &str, partitions: u32, processes: usize) {
    let bed = Bed::new(prefix);
    for topic in ["payments", "w3.velocity"] {
        bed.topics.create(&bed.name(topic), partitions as i32, &[]);
    }
    let payments = payments(20_000);
    let topology = bed.topology("w3_velocity");
    let mut running: Vec<Process> = (0..processes).map(|number| bed.start(&topology, number, &[])).collect();
    bed.produce(&payments, partitions);
    let parts = by_partition(&payments, partitions);
    let right: BTreeMap<i32, Vec<String>> = parts
        .iter()
        .map(|(partition, payments)| (*partition, oracle::velocity(payments.iter().copied())))
        .collect();
    let count = right.values().map(Vec::len).sum();
    assert!(count > 100, "there is something to find");
    let messages = bed.wait_for("w3.velocity", count, &mut running);
    for (partition, rows) in right {
        assert_eq!(texts(&messages, partition), rows, "partition {partition}");
    }
    for process in running {
        assert!(process.stop().success());
    }
}

#[test]
fn velocity_1_partition_1_process() {
    velocity_is_exact("v11", 1, 1);
}

#[test]
fn velocity_4_partitions_3_processes() {
    velocity_is_exact("v43", 4, 3);
}

fn join_is_exact(prefix: &str, partitions: u32, processes: usize) {
    let bed = Bed::new(prefix);
    bed.topics.create(&bed.name("payments"), partitions as i32, &[]);
    bed.topics.create(&bed.name("w4.enriched"), partitions as i32, &[]);
    bed.topics.create(&bed.name("cards"), partitions as i32, &[("cleanup.policy", "compact")]);
    let cards = oracle::cards(CARDS);
    bed.topics.produce(
        &bed.name("cards"),
        cards.iter().map(|(key, row)| (None, Some(key.as_bytes()), Some(row.as_bytes()))),
    );
    let payments = payments(10_000);
    bed.produce(&payments, partitions);
    let topology = bed.topology("w4_join");
    let mut running: Vec<Process> = (0..processes).map(|number| bed.start(&topology, number, &[])).collect();
    let messages = bed.wait_for("w4.enriched", payments.len(), &mut running);
    for (partition, payments) in by_partition(&payments, partitions) {
        let rows: Vec<String> = payments.into_iter().map(oracle::enriched).collect();
        assert_eq!(texts(&messages, partition), rows, "partition {partition}");
    }
    for process in running {
        assert!(process.stop().success());
    }
}

#[test]
fn join_1_partition_1_process() {
    join_is_exact("j11", 1, 1);
}

#[test]
fn join_4_partitions_3_processes() {
    join_is_exact("j43", 4, 3);
}

#[test]
fn running_totals_end_with_the_right_rows_and_only_grow() {
    let bed = Bed::new("t42");
    for topic in ["payments", "w5.totals"] {
        bed.topics.create(&bed.name(topic), 4, &[]);
    }
    let payments = payments(20_000);
    let topology = bed.topology("w5_running");
    let mut running: Vec<Process> =
        (0..2).map(|number| bed.start(&topology, number, &["--workers", "2"])).collect();
    bed.produce(&payments, 4);
    let right = oracle::totals(payments.iter());
    let topic = bed.name("w5.totals");
    let messages = until("the last totals", || {
        assert!(running[0].exit().is_none(), "a process ended:\n{}", running[0].told());
        let messages = bed.topics.read_committed(&topic);
        let last: BTreeMap<String, String> =
            messages.iter().map(|message| (key(message), message.text())).collect();
        (last == right).then_some(messages)
    });
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for message in &messages {
        let row: serde_json::Value = serde_json::from_str(&message.text()).expect("JSON");
        let count = row["payments"].as_u64().expect("a number");
        let before = seen.insert(key(message), count).unwrap_or(0);
        assert!(count > before, "{} after {before}", message.text());
    }
    for process in running.drain(..) {
        assert!(process.stop().success());
    }
    for topic in bed.topics.names().iter().filter(|name| name.starts_with("t42")) {
        for (stable, end) in bed.topics.ends(topic) {
            assert_eq!(stable, end, "{topic}: no transaction is left open");
        }
    }
}

fn key(message: &Message) -> String {
    String::from_utf8_lossy(message.key.as_deref().expect("a key")).into_owned()
}

/// Bad records on Kafka go to the route once, with their cause, in the transaction that passes them by.
#[test]
fn malformed_records_are_set_aside_once_across_a_kill() {
    let bed = Bed::new("m11");
    for topic in ["payments", "payments.malformed", "payments.late", "payment-volume.hourly"] {
        bed.topics.create(&bed.name(topic), 2, &[]);
    }
    let text = std::fs::read_to_string(repository("topologies/payment_volume/topology.tide")).expect("read");
    let text =
        text.replace("kafka(\"", "kafka(\"m11.").replace("topology payment_volume", "topology m11_volume");
    let path = bed.dir.path().join("volume.tide");
    std::fs::write(&path, text).expect("written");
    let payments = payments(4_000);
    let rows: Vec<Vec<u8>> = payments
        .iter()
        .map(|payment| if payment.n % 100 == 7 { b"{\"id\": nothing".to_vec() } else { payment.json() })
        .collect();
    let mut running = bed.start(&path, 0, &[]);
    for (payments, rows) in payments.chunks(1_000).zip(rows.chunks(1_000)) {
        let records = payments.iter().zip(rows).map(|(payment, row)| {
            (Some(payment.partition(2)), Some(payment.card.as_bytes()), Some(row.as_slice()))
        });
        bed.topics.produce(&bed.name("payments"), records);
        running.kill();
        running = bed.start(&path, 0, &[]);
    }
    let mut processes = [running];
    let messages = bed.wait_for("payments.malformed", 40, &mut processes);
    let mut places = std::collections::BTreeSet::new();
    for message in &messages {
        assert_eq!(message.text(), "{\"id\": nothing");
        assert_eq!(message.header("tidegate.topic").as_deref(), Some("m11.payments"));
        assert_eq!(message.header("tidegate.code").as_deref(), Some("malformed_json"));
        assert!(
            message.header("tidegate.message").is_some_and(|text| text.contains("byte 7")),
            "{message:?}"
        );
        places.insert((message.header("tidegate.partition"), message.header("tidegate.offset")));
    }
    assert_eq!(places.len(), 40, "each record once");
    let [process] = processes;
    assert!(process.stop().success());
}

/// A member of the process's group that goes by its name, until it was given something.
fn take_the_place_of(bed: &Bed, topology: &str, data: usize) {
    use rdkafka::consumer::{BaseConsumer, Consumer};
    let state = bed.dir.path().join(format!("data-{data}/state/{topology}"));
    let instance = std::fs::read_to_string(state.join("instance")).expect("the process's name");
    let mut config = broker().config();
    config.set("group.id", topology).set("group.instance.id", format!("{instance}-0"));
    config.set("partition.assignment.strategy", "range");
    let other: BaseConsumer = config.create().expect("a consumer");
    other.subscribe(&[&bed.name("payments")]).expect("subscribed");
    until("partitions of the other member", || {
        let _ = other.poll(Duration::from_millis(100));
        (other.assignment().expect("known").count() > 0).then_some(())
    });
}

/// What a killed process asked of a busy broker may be served behind its successor's, and then fences it though nobody is there.
#[test]
fn a_process_whose_place_was_taken_joins_again_and_gives_up_where_it_is_taken_ever_again() {
    let bed = Bed::new("fenced");
    for topic in ["payments", "w1.large"] {
        bed.topics.create(&bed.name(topic), 1, &[]);
    }
    let topology = bed.topology("w1_filter");
    let payments = payments(4_000);
    let mut running = [bed.start(&topology, 0, &[])];
    let mut large = 0;
    for (number, payments) in payments.chunks(1_000).enumerate() {
        bed.produce(payments, 1);
        large += payments.iter().filter(|payment| oracle::is_large(payment)).count();
        bed.wait_for("w1.large", large, &mut running);
        take_the_place_of(&bed, "fenced_w1_filter", 0);
        if number < 3 {
            until("the process to join again", || {
                (running[0].told().matches("joining again").count() == number + 1).then_some(())
            });
        }
    }
    assert_eq!(running[0].wait().code(), Some(1), "{}", running[0].told());
    assert!(running[0].told().contains("was the `--data` directory copied?"), "{}", running[0].told());
}

#[test]
fn a_bad_record_without_a_route_stops_the_topology_at_its_place_and_mended_it_goes_on() {
    let bed = Bed::new("p11");
    for topic in ["payments", "w1.large"] {
        bed.topics.create(&bed.name(topic), 1, &[]);
    }
    let payments = payments(100);
    bed.produce(&payments[..50], 1);
    bed.topics.produce(&bed.name("payments"), [(Some(0), Some(&b"c"[..]), Some(&b"oh"[..]))]);
    bed.produce(&payments[50..], 1);
    let topology = bed.topology("w1_filter");
    for _ in 0..2 {
        let mut process = bed.start(&topology, 0, &[]);
        assert_eq!(process.wait().code(), Some(1));
        assert!(process.told().contains("p11.payments-0@50"), "{}", process.told());
        assert!(process.told().contains("malformed ->"), "{}", process.told());
    }
    let before = bed.topics.read_committed(&bed.name("w1.large")).len();
    let text = std::fs::read_to_string(&topology).expect("read");
    bed.topics.create(&bed.name("aside"), 1, &[]);
    let mended = text.replace("idle 1m", "idle 1m malformed -> kafka(\"p11.aside\")");
    assert_ne!(mended, text);
    std::fs::write(&topology, mended).expect("written");
    let mut running = [bed.start(&topology, 0, &[])];
    let right: Vec<String> = payments
        .iter()
        .filter(|payment| oracle::is_large(payment))
        .map(|payment| String::from_utf8(payment.json()).expect("text"))
        .collect();
    let messages = bed.wait_for("w1.large", right.len(), &mut running);
    assert!(before <= messages.len());
    assert_eq!(texts(&messages, 0), right);
    assert_eq!(bed.wait_for("aside", 1, &mut running)[0].text(), "oh");
}

/// What was written into a changelog and never committed is no state.
#[test]
fn a_first_transaction_that_was_aborted_is_nothing() {
    let bed = Bed::new("a11");
    for topic in ["payments", "w5.totals"] {
        bed.topics.create(&bed.name(topic), 1, &[]);
    }
    let topology = bed.topology("w5_running");
    let changelog = "a11_w5_running.totals.aggregate-changelog";
    bed.topics.create(changelog, 1, &[("cleanup.policy", "compact")]);
    bed.topics.produce_and_abort(changelog, &[("k", "v"), ("l", "w")]);
    let payments = payments(200);
    bed.produce(&payments, 1);
    let mut running = bed.start(&topology, 0, &[]);
    let right = oracle::totals(payments.iter());
    let topic = bed.name("w5.totals");
    until("the totals", || {
        assert!(running.exit().is_none(), "{}", running.told());
        let messages = bed.topics.read_committed(&topic);
        let last: BTreeMap<String, String> =
            messages.iter().map(|message| (key(message), message.text())).collect();
        (last == right).then_some(())
    });
    assert!(running.stop().success());
}

/// Batches are cut to what the topics take.
#[test]
fn topics_that_take_only_small_batches_are_filled_all_the_same() {
    let bed = Bed::new("b11");
    bed.topics.create(&bed.name("payments"), 1, &[]);
    bed.topics.create(&bed.name("w1.large"), 1, &[("max.message.bytes", "4000")]);
    let payments = payments(5_000);
    bed.produce(&payments, 1);
    let mut running = [bed.start(&bed.topology("w1_filter"), 0, &[])];
    let count = payments.iter().filter(|payment| oracle::is_large(payment)).count();
    bed.wait_for("w1.large", count, &mut running);
}

#[test]
fn a_row_that_its_topic_can_never_take_stops_the_topology_and_loses_nothing() {
    let bed = Bed::new("b21");
    bed.topics.create(&bed.name("payments"), 1, &[]);
    bed.topics.create(&bed.name("w1.large"), 1, &[("max.message.bytes", "100")]);
    let payments = payments(1_000);
    bed.produce(&payments, 1);
    let topology = bed.topology("w1_filter");
    let mut process = bed.start(&topology, 0, &[]);
    assert_eq!(process.wait().code(), Some(1));
    assert!(process.told().contains("b21.w1.large-0"), "{}", process.told());
    assert!(process.told().contains("Message size too large"), "{}", process.told());
    bed.topics.set(&bed.name("w1.large"), &[("max.message.bytes", "1000000")]);
    let mut running = [bed.start(&topology, 0, &[])];
    let count = payments.iter().filter(|payment| oracle::is_large(payment)).count();
    bed.wait_for("w1.large", count, &mut running);
}

#[test]
fn a_row_that_is_larger_than_the_send_buffer_stops_the_topology_and_loses_nothing() {
    let bed = Bed::new("b22");
    for topic in ["payments", "w1.large"] {
        bed.topics.create(&bed.name(topic), 1, &[]);
    }
    let payment = payments(50).into_iter().find(oracle::is_large).expect("one of 50");
    let mut row = payment.json();
    let padding = format!(r#","padding":"{}"}}"#, "x".repeat(100_000));
    row.truncate(row.len() - 1);
    row.extend_from_slice(padding.as_bytes());
    bed.topics
        .produce(&bed.name("payments"), [(Some(0), Some(payment.card.as_bytes()), Some(row.as_slice()))]);
    let topology = bed.topology("w1_filter");
    let mut process = bed.start(&topology, 0, &["--kafka", "queue.buffering.max.kbytes=16"]);
    assert_eq!(process.wait().code(), Some(1));
    let told = process.told();
    assert!(told.contains("for b22.w1.large is larger than all that may wait to be sent"), "{told}");
    let mut running = [bed.start(&topology, 0, &[])];
    bed.wait_for("w1.large", 1, &mut running);
}

#[test]
fn missing_topics_and_unequal_partitions_are_told_and_nothing_is_made() {
    let bed = Bed::new("x11");
    let topology = bed.topology("w4_join");
    let mut process = bed.start(&topology, 0, &[]);
    assert_eq!(process.wait().code(), Some(2));
    assert!(process.told().contains("x11.payments, x11.cards, x11.w4.enriched"), "{}", process.told());
    bed.topics.create(&bed.name("payments"), 4, &[]);
    bed.topics.create(&bed.name("cards"), 2, &[]);
    bed.topics.create(&bed.name("w4.enriched"), 1, &[]);
    let mut process = bed.start(&topology, 1, &[]);
    assert_eq!(process.wait().code(), Some(2));
    assert!(process.told().contains("x11.payments has 4, x11.cards has 2"), "{}", process.told());
    assert!(!bed.topics.names().iter().any(|name| name.contains("changelog") && name.contains("x11")));
}

#[test]
fn a_broker_that_is_away_is_waited_for() {
    let mut own = Broker::start();
    let topics = Topics::new(&own.config());
    topics.create("payments", 1, &[]);
    topics.create("w1.large", 1, &[]);
    own.kill();
    let dir = tempfile::tempdir().expect("a directory");
    let topology = repository("tests/topologies/w1_filter.tide");
    let mut process = Process::run(&topology, &own.address(), &dir.path().join("data"), &[]);
    until("a word about the broker", || {
        process.told().contains("waiting for Kafka at 127.0.0.1").then_some(())
    });
    assert!(process.exit().is_none());
    own.restart();
    let payment = payments(50).into_iter().find(oracle::is_large).expect("one of 50");
    let row = payment.json();
    topics.produce("payments", [(Some(0), Some(payment.card.as_bytes()), Some(row.as_slice()))]);
    until("the row", || (topics.read_committed("w1.large").len() == 1).then_some(()));
    own.kill();
    until("another word about the broker", || {
        process.told().contains("no broker can be reached").then_some(())
    });
    own.restart();
    topics.produce("payments", [(Some(0), Some(payment.card.as_bytes()), Some(row.as_slice()))]);
    until("the second row", || (topics.read_committed("w1.large").len() == 2).then_some(()));
    assert!(process.told().contains("a broker is there again"), "{}", process.told());
    assert!(process.stop().success());
}

/// What `tidegate doctor` says of a topology, with its exit code.
fn doctor(topology: &std::path::Path) -> (Option<i32>, String) {
    let output = std::process::Command::new(support::tidegate())
        .arg("doctor")
        .arg(topology)
        .args(["--brokers", &broker().address()])
        .output()
        .expect("tidegate can be started");
    (output.status.code(), String::from_utf8(output.stdout).expect("text"))
}

#[test]
fn the_doctor_tells_what_brokers_and_topics_lack() {
    let bed = Bed::new("doctor");
    let topology = bed.topology("w4_join");
    bed.topics.create(&bed.name("payments"), 2, &[]);
    bed.topics.create(&bed.name("cards"), 3, &[]);
    let (code, told) = doctor(&topology);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("error    doctor.w4.enriched: is not there (line"), "{told}");
    bed.topics.create(&bed.name("w4.enriched"), 2, &[]);
    let (code, told) = doctor(&topology);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("doctor.payments has 2, doctor.cards has 3"), "{told}");
}

#[test]
fn the_doctor_warns_of_what_may_not_be_counted_on() {
    let bed = Bed::new("doctor2");
    let topology = bed.topology("w4_join");
    for topic in ["payments", "cards", "w4.enriched"] {
        bed.topics.create(&bed.name(topic), 2, &[]);
    }
    bed.topics.set(&bed.name("cards"), &[("cleanup.policy", "delete"), ("retention.ms", "3600000")]);
    let (code, told) = doctor(&topology);
    assert_eq!(code, Some(0), "{told}");
    assert!(
        told.contains("warning  doctor2.cards: `cards` is a table of it, and it deletes by age"),
        "{told}"
    );
    assert!(told.contains("warning  the brokers: there is one broker"), "{told}");
    assert!(told.ends_with("3 topics on 1 brokers: 0 errors, 2 warnings\n"), "{told}");
}
