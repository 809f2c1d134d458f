//! Tasks that are taken over: those that stay go on meanwhile, standbys make it short, and nothing is wiped after a crash.
//!
//! `TIDEGATE_STANDBY_KEYS=1000000` makes the state as large (`make faults` does).

mod support;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;
use support::{Open, Process, pause, until};
use tidegate_sim::{Broker, Topics};

/// One broker for all tests of this program; it ends with the process.
fn broker() -> &'static Broker {
    static BROKER: OnceLock<Broker> = OnceLock::new();
    BROKER.get_or_init(Broker::start)
}

/// How many keys there are, unless the environment says otherwise.
fn keys(by_default: u32) -> u32 {
    match std::env::var("TIDEGATE_STANDBY_KEYS") {
        Ok(number) => number.parse().expect("TIDEGATE_STANDBY_KEYS is a number"),
        Err(_) => by_default,
    }
}

/// A topology that counts the events of each key, and gives out what came twice. Key `k` is in partition `k` modulo their number.
struct Bed {
    dir: tempfile::TempDir,
    topics: Topics,
    name: &'static str,
    partitions: u32,
}

impl Bed {
    fn new(name: &'static str, partitions: u32) -> Bed {
        let dir = tempfile::tempdir().expect("a directory");
        let topics = Topics::new(&broker().config());
        for topic in ["events", "twice"] {
            topics.create(&format!("{name}.{topic}"), partitions as i32, &[]);
        }
        let text = format!(
            "topology {name}
source events: {{ id: string, card: string }} = kafka(\"{name}.events\") key card
stream twice = events
  |> group by card
  |> aggregate {{ events: count() }}
  |> emit changes
  |> filter events > 1
sink twice -> kafka(\"{name}.twice\")
"
        );
        std::fs::write(dir.path().join("topology.tide"), text).expect("written");
        Bed { dir, topics, name, partitions }
    }

    fn data(&self, number: usize) -> PathBuf {
        self.dir.path().join(format!("data-{number}"))
    }

    fn start(&self, number: usize, more: &[&str]) -> Process {
        let topology = self.dir.path().join("topology.tide");
        Process::run(&topology, &broker().address(), &self.data(number), more)
    }

    fn send(&self, keys: impl IntoIterator<Item = u32>) {
        let records: Vec<(i32, String, String)> = keys
            .into_iter()
            .map(|key| {
                let row = format!("{{\"id\":\"e\",\"card\":\"card-{key:08}\"}}");
                ((key % self.partitions) as i32, format!("card-{key:08}"), row)
            })
            .collect();
        let records = records
            .iter()
            .map(|(partition, key, row)| (Some(*partition), Some(key.as_bytes()), Some(row.as_bytes())));
        self.topics.produce(&format!("{}.events", self.name), records);
    }

    /// Waits until everything is worked on.
    fn drain(&self, processes: &mut [&mut Process]) {
        let topic = format!("{}.events", self.name);
        let ends: Vec<Option<i64>> = self.topics.ends(&topic).into_iter().map(|(_, end)| Some(end)).collect();
        until("the group to come to the end", || {
            for process in processes.iter_mut() {
                assert!(process.exit().is_none(), "a process ended:\n{}", process.told());
            }
            (self.topics.committed(self.name, &topic, self.partitions as i32) == ends).then_some(())
        });
    }

    /// The partitions of a process, by the stores in its directory.
    fn partitions_of(&self, number: usize) -> Vec<u32> {
        let state = self.data(number).join("state").join(self.name);
        let Ok(entries) = std::fs::read_dir(state) else { return Vec::new() };
        let names = entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned());
        let partition = |name: String| name.strip_prefix("task-")?.split('_').nth(1)?.parse().ok();
        names.filter_map(partition).collect()
    }

    /// The rows of each key so far: how many events it had.
    fn rows(&self) -> BTreeMap<String, Vec<String>> {
        let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for message in self.topics.read_committed(&format!("{}.twice", self.name)) {
            let row: serde_json::Value = serde_json::from_str(&message.text()).expect("JSON");
            let key = row["card"].as_str().expect("a string").to_owned();
            rows.entry(key).or_default().push(row["events"].to_string());
        }
        rows
    }

    fn wait_for_row(&self, key: u32, events: &str, process: &mut Process) {
        until(&format!("the row of {key}"), || {
            assert!(process.exit().is_none(), "a process ended:\n{}", process.told());
            let rows = self.rows();
            let of_key = rows.get(&format!("card-{key:08}"))?;
            (of_key.last().map(String::as_str) == Some(events)).then_some(())
        });
    }
}

fn last_line_of_opening(process: &Process) -> String {
    let told = process.told();
    told.lines().rev().find(|line| line.contains("tasks are open")).unwrap_or_default().to_owned()
}

/// What a process leaves that was killed in a commit: a transaction with records of a changelog and a position of its input, which nobody ends. Who
/// restores the changelog does not come to its end, and nobody says where the input goes on.
fn hold(group: &str, changelog: &str, input: &str, partition: u32) -> BaseProducer {
    const WAIT: Duration = Duration::from_secs(30);
    let mut config = broker().config();
    config.set("transactional.id", format!("{changelog}-held")).set("transaction.timeout.ms", "300000");
    let producer: BaseProducer = config.create().expect("a producer");
    producer.init_transactions(WAIT).expect("the coordinator answers");
    producer.begin_transaction().expect("begun");
    let record = BaseRecord::to(changelog).partition(partition as i32).key("nobody").payload("nothing");
    producer.send(record).expect("taken");
    producer.flush(WAIT).expect("sent");
    let mut config = broker().config();
    let consumer: BaseConsumer = config.set("group.id", group).create().expect("a consumer");
    let mut positions = TopicPartitionList::new();
    positions.add_partition_offset(input, partition as i32, Offset::Offset(1)).expect("an offset");
    let nobody = consumer.group_metadata().expect("of a group");
    producer.send_offsets_to_transaction(&positions, &nobody, WAIT).expect("the group takes it");
    producer
}

/// While one task restores, the other gives out its rows: the restore cannot end before the test has them.
#[test]
fn a_task_that_stays_goes_on_while_another_restores() {
    let bed = Bed::new("ka_stays", 2);
    let mut first = bed.start(0, &[]);
    until("both tasks in the first process", || (bed.partitions_of(0).len() == 2).then_some(()));
    let mut second = bed.start(1, &[]);
    let of_second = until("a task in the second process", || bed.partitions_of(1).first().copied());
    bed.send(0..2_000);
    bed.drain(&mut [&mut first, &mut second]);
    let (moves, stays) = (of_second, 1 - of_second);
    // The next commit of that partition would wait for it, so nothing is sent there before the kill.
    let held = hold("ka_stays", "ka_stays.twice.aggregate-changelog", "ka_stays.events", moves);
    second.kill();
    until("the restore to wait", || {
        assert!(first.exit().is_none(), "the process ended:\n{}", first.told());
        first.told().contains("restoring 1 tasks while 1 run").then_some(())
    });
    let opened_before = first.opened().len();
    let staying = 10_000 + stays;
    bed.send([staying, staying, 10_000 + moves, 10_000 + moves]);
    bed.wait_for_row(staying, "2", &mut first);
    assert_eq!(first.opened().len(), opened_before, "it still restores:\n{}", first.told());
    assert!(!bed.rows().contains_key(&format!("card-{:08}", 10_000 + moves)));
    held.abort_transaction(Duration::from_secs(30)).expect("aborted");
    bed.wait_for_row(10_000 + moves, "2", &mut first);
    assert!(first.stop().success());
}

/// Two processes, one of which is killed and its disk lost: what the other's workers say of taking over.
fn taken_over(name: &'static str, keys: u32, standbys: &str, workers: &str) -> Vec<Open> {
    let bed = Bed::new(name, 4);
    let start = |number: usize| bed.start(number, &["--standbys", standbys, "--workers", workers]);
    let mut first = start(0);
    let mut second = start(1);
    // Else the first one works on, and keeps, what is the second one's in a moment.
    until("partitions of the second process", || (bed.partitions_of(1).len() >= 2).then_some(()));
    bed.send(0..keys);
    bed.drain(&mut [&mut first, &mut second]);
    if standbys != "0" {
        until("standbys of each other's tasks", || {
            let of = |process: &Process| process.told().matches("is up to date").count();
            (of(&first) >= 2 && of(&second) >= 2).then_some(())
        });
    }
    // Standbys go on with what comes.
    bed.send(0..keys / 10);
    bed.drain(&mut [&mut first, &mut second]);
    let before = first.opened().len();
    second.kill();
    std::fs::remove_dir_all(bed.data(1)).expect("removed");
    bed.send(0..100);
    bed.drain(&mut [&mut first]);
    // Who restores nothing, and had no standby, says nothing.
    let open = until("a word about taking over", || {
        Some(first.opened().split_off(before)).filter(|open| !open.is_empty())
    });
    println!("{keys} keys, {standbys} standbys, {workers} workers: {}", last_line_of_opening(&first));
    let rows = bed.rows();
    for key in 0..keys / 10 {
        let right: &[&str] = if key < 100 { &["2", "3"] } else { &["2"] };
        assert_eq!(rows[&format!("card-{key:08}")], right, "key {key}");
    }
    assert_eq!(rows.len() as u32, keys / 10);
    assert!(first.stop().success());
    open
}

fn sum(open: &[Open], of: impl Fn(&Open) -> u64) -> u64 {
    open.iter().map(of).sum()
}

#[test]
fn a_standby_takes_over_with_next_to_nothing_to_replay() {
    let keys = keys(100_000);
    let open = taken_over("ka_standbys", keys, "1", "1");
    assert_eq!(sum(&open, |open| open.from_standbys), 2, "{open:?}");
    assert!(sum(&open, |open| open.replayed) < u64::from(keys) / 100, "{open:?}");
}

/// Tasks also move between the workers of the process that is left: their stores are given from one to the other.
#[test]
fn two_workers_take_over_with_next_to_nothing_to_replay() {
    let keys = keys(100_000);
    let open = taken_over("ka_workers", keys, "1", "2");
    assert_eq!(sum(&open, |open| open.from_standbys), 2, "{open:?}");
    assert!(sum(&open, |open| open.replayed) < u64::from(keys) / 100, "{open:?}");
}

#[test]
fn without_standbys_everything_is_replayed() {
    let keys = keys(100_000);
    let open = taken_over("ka_alone", keys, "0", "1");
    assert_eq!(sum(&open, |open| open.from_standbys), 0);
    assert!(sum(&open, |open| open.replayed) >= u64::from(keys) / 2, "{open:?}");
}

/// A killed process that comes again replays what its last seconds wrote.
#[test]
fn nothing_is_wiped_after_a_crash() {
    let bed = Bed::new("ka_crash", 2);
    let keys = keys(200_000);
    let mut process = bed.start(0, &[]);
    bed.send(0..keys);
    bed.drain(&mut [&mut process]);
    // Stores are written every two seconds; this goes on for longer.
    let rounds = 40;
    for round in 0..rounds {
        bed.send((0..50).map(|n| round * 50 + n));
        pause(Duration::from_millis(100));
    }
    process.kill();
    let mut process = bed.start(0, &[]);
    bed.send([0]);
    bed.drain(&mut [&mut process]);
    let open = until("the tail of the changelog", || process.opened().first().copied());
    println!("{keys} keys, killed and started again: {}", last_line_of_opening(&process));
    assert!(open.replayed < u64::from(keys) / 50, "{open:?}");
    let rows = bed.rows();
    assert_eq!(rows["card-00000000"], ["2", "3"]);
    assert!((1..rounds * 50).all(|key| rows[&format!("card-{key:08}")] == ["2"]), "each once more");
    assert!(process.stop().success());
}
