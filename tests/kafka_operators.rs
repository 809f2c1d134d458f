//! Every operator with state on a real Kafka: processes come, are killed and leave while events flow, and what is committed is what one undisturbed
//! worker gives on a log in memory.

#[path = "support/bed.rs"]
mod bed;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;
use support::{Process, pause, repository, until};
use tidegate_model::partition::partition_for;
use tidegate_model::plan::{Aggregate, Emit, NodeKind, Plan};
use tidegate_model::{EventTime, Offset, PartitionId, TopicPartition};
use tidegate_sim::payments::mix;
use tidegate_sim::{Broker, Topics};

const PARTITIONS: u32 = 4;
const EVENTS: u64 = 4_000;
const KEYS: u64 = 40;
/// 2024-03-31T00:30:00Z: half an hour before the clocks change in Paris.
const BEGIN_MS: i64 = 1_711_845_000_000;
const DAY_MS: i64 = 86_400_000;
const CHUNK: usize = 100;
const CHUNK_PAUSE: Duration = Duration::from_millis(150);
/// Rows are waited for: two minutes for each topic at most.
const TRIES: u32 = 600;
const TRY_PAUSE: Duration = Duration::from_millis(200);

/// A record of an input. None as its value: the row of the key is deleted.
struct Record {
    topic: &'static str,
    key: String,
    value: Option<String>,
    ms: i64,
}

impl Record {
    fn partition(&self) -> PartitionId {
        partition_for(self.key.as_bytes(), PARTITIONS)
    }
}

/// Numbers that look random enough, from 0 to the limit.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = mix(self.0);
        self.0 % limit
    }
}

fn row(topic: &'static str, key: String, value: String, ms: i64) -> Record {
    Record { topic, key, value: Some(value), ms }
}

/// What is there before the first event.
fn before() -> Vec<Record> {
    let mut records = Vec::new();
    for (kind, name) in [("a", "ant"), ("b", "bee"), ("c", "cat"), ("end", "end")] {
        let value = format!(r#"{{"kind":"{kind}","name":"{name}"}}"#);
        records.push(row("kinds", kind.to_owned(), value, BEGIN_MS));
    }
    for key in 0..KEYS - 5 {
        for version in 0..4 {
            let ms = BEGIN_MS + (version * 1_000_000 + key * 7_000) as i64;
            let value = format!(r#"{{"k":"k{key}","rate":{}}}"#, key * 10 + version);
            records.push(row("rates", format!("k{key}"), value, ms));
        }
    }
    records
}

/// Events that are out of order by less than 30 seconds, each with a time of its own, and rows of tables that change meanwhile. At last an event in each partition
/// that is far behind them, so that everything is final.
fn flow() -> Vec<Record> {
    let mut numbers = Numbers(11);
    let mut records = Vec::new();
    for number in 0..EVENTS {
        let micros = BEGIN_MS * 1_000 + (number * 900_000 + numbers.below(25_000) * 1_000 + number) as i64;
        let kind = ["a", "a", "b", "b", "c"][numbers.below(5) as usize];
        records.push(event(
            number,
            format!("k{}", numbers.below(KEYS)),
            numbers.below(1_000),
            kind,
            EventTime::from_micros(micros),
        ));
        if number % 10 == 0 {
            let (key, ms) = (format!("k{}", numbers.below(KEYS)), BEGIN_MS + number as i64);
            let reference = match numbers.below(6) {
                0 => "null".to_owned(),
                other => format!("\"r{other}\""),
            };
            let value = format!(r#"{{"k":"{key}","n":{},"ref":{reference}}}"#, numbers.below(50));
            let is_there = numbers.below(5) > 0;
            records.push(Record { topic: "facts", key, value: is_there.then_some(value), ms });
        }
        if number % 50 == 0 {
            let (key, ms) = (format!("r{}", numbers.below(6)), BEGIN_MS + number as i64);
            let value = format!(r#"{{"ref":"{key}","weight":{}}}"#, numbers.below(50));
            let is_there = numbers.below(5) > 0;
            records.push(Record { topic: "refs", key, value: is_there.then_some(value), ms });
        }
    }
    let mut ended = BTreeSet::new();
    let ends = (0..).map(|number| format!("end{number}"));
    let ends = ends.filter(|key| ended.insert(partition_for(key.as_bytes(), PARTITIONS)));
    for (number, key) in ends.take(PARTITIONS as usize).enumerate() {
        let at = EventTime::from_millis(BEGIN_MS + 10 * DAY_MS + number as i64);
        records.push(event(EVENTS + number as u64, key, 1, "end", at));
    }
    records
}

fn event(number: u64, key: String, n: u64, kind: &str, at: EventTime) -> Record {
    let value = format!(r#"{{"id":"e{number}","k":"{key}","n":{n},"kind":"{kind}","at":"{at}"}}"#);
    row("evs", key, value, at.millis())
}

/// Where rows leave: the topic, and whether rows take the place of those with their key.
fn sinks(plan: &Plan) -> Vec<(String, bool)> {
    let sink = |kind: &NodeKind| match kind {
        NodeKind::Sink(sink) => Some((sink.topic.clone(), sink.compacted)),
        _ => None,
    };
    plan.nodes.iter().filter_map(|node| sink(&node.kind)).collect()
}

/// Key, value, and time in milliseconds.
type Row = (Option<String>, Option<String>, i64);

/// What is right or wrong about rows: of a stream all of them, in any order; of a table the last of each key, whose time depends on what was committed together.
fn as_compared(is_table: bool, rows: impl Iterator<Item = Row>) -> Vec<Row> {
    if is_table {
        let mut last = BTreeMap::new();
        rows.for_each(|(key, value, _)| drop(last.insert(key, value)));
        return last
            .into_iter()
            .filter(|(_, value)| value.is_some())
            .map(|(key, value)| (key, value, 0))
            .collect();
    }
    let mut rows: Vec<Row> = rows.collect();
    rows.sort();
    rows
}

fn text(bytes: Option<Vec<u8>>) -> Option<String> {
    bytes.map(|bytes| String::from_utf8(bytes).expect("keys and rows are text"))
}

/// What one worker gives that nothing happens to.
fn undisturbed(plan: &Plan) -> BTreeMap<String, Vec<Row>> {
    /// `emit every` gives its last rows when its time has passed.
    const TICKS: u32 = 500;
    let answer = bed::Bed::new().run(plan.clone(), PARTITIONS, bed::limits(), |mut run| {
        for record in before().into_iter().chain(flow()) {
            let (partition, time) = (record.partition(), EventTime::from_millis(record.ms));
            let value = record.value.map(String::into_bytes);
            run.append(record.topic, &[(partition, time, Some(record.key.into_bytes()), value)])?;
            if record.topic == "rates" || record.topic == "kinds" {
                run.settle()?;
            }
        }
        run.settle()?;
        for _ in 0..TICKS {
            run.tick()?;
        }
        let mut rows = BTreeMap::new();
        for (topic, is_table) in sinks(plan) {
            let mut of_topic = Vec::new();
            for partition in 0..PARTITIONS as i32 {
                let place = TopicPartition { topic: topic.clone(), partition: PartitionId(partition) };
                of_topic.extend(run.rows_from(&place, Offset(0))?);
            }
            let row = |record: tidegate_embedded::OwnedRecord| {
                (text(record.key), text(record.value), record.timestamp.millis())
            };
            rows.insert(topic, as_compared(is_table, of_topic.into_iter().map(row)));
        }
        Ok(rows)
    });
    answer.expect("it runs")
}

struct Kafka {
    broker: Broker,
    topics: Topics,
    dir: tempfile::TempDir,
    topology: PathBuf,
    sinks: Vec<(String, bool)>,
}

impl Kafka {
    fn new(topology: PathBuf, plan: &Plan) -> Kafka {
        let broker = Broker::start();
        let topics = Topics::new(&broker.config());
        let compacted = [("cleanup.policy", "compact")];
        topics.create("evs", PARTITIONS as i32, &[]);
        for table in ["facts", "refs", "rates", "kinds"] {
            topics.create(table, PARTITIONS as i32, &compacted);
        }
        for (sink, is_table) in sinks(plan) {
            topics.create(&sink, PARTITIONS as i32, if is_table { &compacted } else { &[] });
        }
        let dir = tempfile::tempdir().expect("a directory");
        Kafka { broker, topics, dir, topology, sinks: sinks(plan) }
    }

    fn start(&self, number: usize) -> Process {
        let data = self.dir.path().join(format!("data-{number}"));
        Process::run(&self.topology, &self.broker.address(), &data, &[])
    }

    fn produce(&self, records: &[Record]) {
        let topics: BTreeSet<&str> = records.iter().map(|record| record.topic).collect();
        for topic in topics {
            let of_topic = records.iter().filter(|record| record.topic == topic).map(|record| {
                let value = record.value.as_deref().map(str::as_bytes);
                ((Some(record.partition().0), Some(record.key.as_bytes()), value), Some(record.ms))
            });
            self.topics.produce_at(topic, of_topic);
        }
    }

    /// Feeds while the processes work.
    fn feed(&self, records: &[Record]) {
        for chunk in records.chunks(CHUNK) {
            self.produce(chunk);
            pause(CHUNK_PAUSE);
        }
    }

    /// Waits until a process has been given tasks, and has opened their state.
    fn until_at_work(&self, number: usize) {
        let state = self.dir.path().join(format!("data-{number}/state/stateful"));
        until(&format!("tasks of process {number}"), || {
            let entries = std::fs::read_dir(&state).ok()?;
            entries.flatten().find(|entry| entry.path().is_dir())
        });
    }

    /// What is wrong about the rows of a topic that are committed. Nothing: an empty text.
    fn wrong(&self, (topic, is_table): &(String, bool), right: &BTreeMap<String, Vec<Row>>) -> String {
        let messages = self.topics.read_committed(topic).into_iter();
        let found = as_compared(
            *is_table,
            messages.map(|message| (text(message.key), text(message.value), message.timestamp_ms)),
        );
        if found == right[topic] { String::new() } else { differs(topic, &found, &right[topic]) }
    }
}

fn differs(topic: &str, found: &[Row], right: &[Row]) -> String {
    const SHOWN: usize = 5;
    let mut told = format!("{topic}: {} rows, {} are right\n", found.len(), right.len());
    for (what, these, those) in [("too much", found, right), ("lacking", right, found)] {
        let mut left: BTreeMap<&Row, usize> = BTreeMap::new();
        those.iter().for_each(|row| *left.entry(row).or_default() += 1);
        let only = these.iter().filter(|row| match left.get_mut(row) {
            Some(count) if *count > 0 => {
                *count -= 1;
                false
            }
            _ => true,
        });
        for row in only.take(SHOWN) {
            let _ = writeln!(told, "  {what}: {row:?}");
        }
    }
    told
}

#[test]
fn every_operator_goes_on_while_processes_come_and_are_killed_and_leave() {
    let topology = repository("tests/topologies/stateful.tide");
    let text = std::fs::read_to_string(&topology).expect("read");
    let plan = bed::plan("stateful", &text).expect("it is right");
    let right = undisturbed(&plan);
    for (topic, rows) in &right {
        assert!(rows.len() >= 5, "{topic}: there is something to find");
    }
    let kafka = Kafka::new(topology, &plan);
    let flow = flow();
    let quarter = |number: usize| &flow[flow.len() * number / 4..flow.len() * (number + 1) / 4];
    kafka.produce(&before());
    let mut first = kafka.start(0);
    kafka.feed(quarter(0));
    kafka.until_at_work(0);
    let mut second = kafka.start(1);
    let third = kafka.start(2);
    kafka.feed(quarter(1));
    kafka.until_at_work(1);
    kafka.until_at_work(2);
    for process in [&mut first, &mut second] {
        assert!(process.exit().is_none(), "a process ended:\n{}", process.told());
    }
    let (before_kill, after_kill) = quarter(2).split_at(quarter(2).len() / 2);
    kafka.feed(before_kill);
    first.kill();
    kafka.feed(after_kill);
    kafka.feed(quarter(3));
    let told = third.told();
    assert!(third.stop().success(), "{told}");
    for sink in &kafka.sinks {
        let mut wrong = String::new();
        for _ in 0..TRIES {
            assert!(second.exit().is_none(), "a process ended:\n{}", second.told());
            wrong = kafka.wrong(sink, &right);
            if wrong.is_empty() {
                break;
            }
            pause(TRY_PAUSE);
        }
        assert!(wrong.is_empty(), "{wrong}\n{}", second.told());
    }
    assert!(second.stop().success());
    for sink in &kafka.sinks {
        let wrong = kafka.wrong(sink, &right);
        assert!(wrong.is_empty(), "at last: {wrong}");
        for (stable, end) in kafka.topics.ends(&sink.0) {
            assert_eq!(stable, end, "{}: no transaction is left open", sink.0);
        }
    }
}

/// An operator that is new must come into the topology.
#[test]
fn the_topology_has_every_operator_with_state() {
    let text = std::fs::read_to_string(repository("tests/topologies/stateful.tide")).expect("read");
    let plan = bed::plan("stateful", &text).expect("it is right");
    let word = |kind: &NodeKind| match kind {
        NodeKind::Aggregate(Aggregate { window: Some(window), emit: Emit::Final, .. }) => {
            format!("{:?} window", window.shape)
        }
        NodeKind::Aggregate(Aggregate { emit, window, .. }) => match (emit, window) {
            (Emit::Every(_), _) => "aggregate, every".to_owned(),
            (_, Some(_)) => "aggregate in windows, changes".to_owned(),
            (_, None) => "aggregate".to_owned(),
        },
        NodeKind::Rolling(step) => match (step.rows, step.granularity, step.ordered) {
            (Some(_), ..) => "rolling rows".to_owned(),
            (_, Some(_), _) => "rolling, granularity".to_owned(),
            (_, _, true) => "rolling, ordered".to_owned(),
            _ => "rolling".to_owned(),
        },
        NodeKind::JoinTable(join) if join.as_of.is_some() => "join as of".to_owned(),
        NodeKind::JoinTable(join) if join.derived.is_some() => "join of an aggregate".to_owned(),
        NodeKind::JoinTable(_) => "join of a table".to_owned(),
        NodeKind::JoinStreams(_) => "join of streams".to_owned(),
        NodeKind::JoinTables(join) if join.foreign => "join by a foreign key".to_owned(),
        NodeKind::JoinTables(_) => "join of tables".to_owned(),
        NodeKind::Table(table) if table.global => "global table".to_owned(),
        other => other.keyword().to_owned(),
    };
    let words: BTreeSet<String> = plan.nodes.iter().map(|node| word(&node.kind)).collect();
    let has = [
        "Aligned window",
        "Cumulate window",
        "Session window",
        "Sliding window",
        "aggregate",
        "aggregate in windows, changes",
        "aggregate, every",
        "answer",
        "ask",
        "changes",
        "dedupe",
        "filter",
        "global table",
        "join as of",
        "join by a foreign key",
        "join of a table",
        "join of an aggregate",
        "join of streams",
        "join of tables",
        "latest",
        "map",
        "match",
        "rekey",
        "repartition",
        "rolling",
        "rolling rows",
        "rolling, granularity",
        "rolling, ordered",
        "schedule",
        "sink",
        "source",
        "table",
        "top",
    ];
    assert_eq!(words.iter().map(String::as_str).collect::<Vec<_>>(), has);
}
