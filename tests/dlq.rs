//! What was set aside is shown, and sent back: unchanged or mended, each record once, through kills.

mod support;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;
use support::{Process, pause, repository, tidegate, until};
use tidegate_embedded::{EmbeddedLog, OwnedRecord};
use tidegate_model::{Offset, PartitionId, TopicPartition};
use tidegate_sim::{Broker, Message, Topics};

const PARTITIONS: u32 = 3;

fn payment(number: u64, amount: &str, parts: u64) -> String {
    format!(r#"{{"id":"p{number}","card":"c{}","amount":{amount},"parts":{parts}}}"#, number % 50)
}

/// Every third cannot be read, every third cannot be worked out.
fn payments(count: u64) -> Vec<String> {
    (0..count)
        .map(|number| match number % 3 {
            0 => payment(number, "\"six\"", 2),
            1 => payment(number, "6", 0),
            _ => payment(number, "6", 2),
        })
        .collect()
}

fn unreadable(count: u64) -> Vec<String> {
    (0..count).map(|number| payment(number, "\"six\"", 2)).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A topology, and where it runs: on the embedded log, or on a broker under a prefix.
struct Bed {
    dir: tempfile::TempDir,
    topology: PathBuf,
    at: Vec<String>,
}

impl Bed {
    fn new(prefix: &str, at: impl FnOnce(&tempfile::TempDir) -> Vec<String>) -> Bed {
        let dir = tempfile::tempdir().expect("a directory");
        let text = std::fs::read_to_string(repository("tests/topologies/aside.tide")).expect("read");
        let topology = dir.path().join("aside.tide");
        std::fs::write(&topology, text.replace("kafka(\"", &format!("kafka(\"{prefix}"))).expect("written");
        let at = at(&dir);
        Bed { dir, topology, at }
    }

    fn embedded() -> Bed {
        Bed::new("", |dir| vec!["--data".to_owned(), dir.path().join("data").display().to_string()])
    }

    fn dlq(&self, command: &str, more: &[&str]) -> Command {
        let mut dlq = Command::new(tidegate());
        dlq.args(["dlq", command]).arg(&self.topology).args(more).args(&self.at).stdin(Stdio::null());
        dlq
    }

    fn done(&self, command: &str, more: &[&str]) -> Output {
        let output = self.dlq(command, more).output().expect("it runs");
        assert!(output.status.success(), "dlq {command} {more:?}: {}", text(&output.stderr));
        output
    }

    fn run_embedded(&self, events: &[String]) -> String {
        let input = self.dir.path().join("payments.ndjson");
        let mut lines = String::new();
        for event in events {
            let _ = writeln!(lines, "{event}");
        }
        std::fs::write(&input, lines).expect("written");
        let mut command = Command::new(tidegate());
        command.arg("run").arg(&self.topology).args(&self.at).arg("--partitions").arg(PARTITIONS.to_string());
        let input = format!("payments={}", input.display());
        let output = command.args(["--input", &input, "--output", "each=-"]).output().expect("it runs");
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    }

    fn records(&self, topic: &str) -> Vec<(i32, OwnedRecord)> {
        let log = EmbeddedLog::open(&self.dir.path().join("data/log")).expect("nobody else has it");
        let mut records = Vec::new();
        for partition in (0..PARTITIONS as i32).map(PartitionId) {
            let place = TopicPartition { topic: topic.to_owned(), partition };
            let own = log.read(&place, Offset(0), usize::MAX).expect("read");
            records.extend(own.into_iter().map(|record| (partition.0, record)));
        }
        records
    }

    /// How many records wait in the route of what is malformed.
    fn waiting(&self) -> u64 {
        let listed = text(&self.done("ls", &["--format", "json"]).stdout);
        let first = listed.lines().next().expect("a line for each route");
        let route: serde_json::Value = serde_json::from_str(first).expect("JSON");
        route["waiting"].as_u64().expect("a number")
    }

    /// Starts replays and kills them, a little later each time, until some were met in the middle; then lets one come to its end.
    fn replay_killed(&self, step: Duration, more: &[&str]) {
        const MET: u32 = 3;
        let start = || -> Child {
            self.dlq("replay", &[&["malformed"], more].concat())
                .stderr(Stdio::null())
                .spawn()
                .expect("started")
        };
        let (mut met, mut before) = (0, self.waiting());
        for kill in 1..200 {
            let mut child = start();
            pause(step * kill);
            child.kill().expect("killed");
            child.wait().expect("ended");
            let now = self.waiting();
            met += u32::from(now < before && now > 0);
            before = now;
            if met == MET || now == 0 {
                break;
            }
        }
        assert!(met > 0, "no kill met a replay in the middle");
        assert!(start().wait().expect("ended").success());
    }
}

#[test]
fn what_was_set_aside_is_shown_by_cause() {
    let bed = Bed::embedded();
    bed.run_embedded(&payments(300));
    let listed = text(&bed.done("ls", &[]).stdout);
    assert!(
        listed.contains("payments.malformed: malformed of payments (line 4)\n  100 waiting\n"),
        "{listed}"
    );
    assert!(listed.contains("payments.errors: errors of each.map (line 8)\n  100 waiting\n"), "{listed}");
    assert!(listed.contains("     100  division_by_zero in each.map, "), "{listed}");
    let shown =
        bed.done("show", &["malformed", "--format", "json", "--limit", "1", "--where", "offset == 0"]);
    let row: serde_json::Value = serde_json::from_slice(&shown.stdout).expect("one line");
    let from = row["from"].as_str().expect("a text");
    assert!(from.starts_with("payments-") && from.ends_with("@0"), "{row}");
    assert_eq!((&row["code"], &row["step"]), (&"wrong_type".into(), &"payments".into()), "{row}");
    assert!(row["value"].as_str().is_some_and(|value| value.contains("\"six\"")), "{row}");
    let none = bed.done("show", &["errors", "--cause", "overflow"]);
    assert_eq!(text(&none.stderr), "payments.errors: there is nothing such\n");
    let unknown = bed.dlq("show", &["late"]).output().expect("it runs");
    assert_eq!(unknown.status.code(), Some(1));
    assert!(
        text(&unknown.stderr)
            .contains("there is no route `late`; the routes' topics are payments.malformed, payments.errors")
    );
}

#[test]
fn mended_records_go_through_and_none_twice() {
    let bed = Bed::embedded();
    bed.run_embedded(&payments(300));
    let edit = ["malformed", "--edit", "s/\"amount\":\"six\"/\"amount\":6/"];
    let dry = bed.done("replay", &[&edit[..], &["--dry-run"]].concat());
    assert_eq!(text(&dry.stdout).lines().count(), 100);
    assert!(text(&dry.stderr).contains("100 would be sent back to payments (100 mended)"));
    assert_eq!(bed.records("payments").len(), 300, "a dry run sends nothing");
    let sent = bed.done("replay", &edit);
    assert!(text(&sent.stderr).contains("100 sent back to payments (100 mended)"), "{}", text(&sent.stderr));
    let again = bed.done("replay", &edit);
    assert!(text(&again.stderr).contains("0 sent back"), "{}", text(&again.stderr));
    assert!(text(&bed.done("ls", &[]).stdout).contains("0 waiting, 100 sent back"));
    let rows = bed.run_embedded(&payments(300));
    assert_eq!(rows.lines().count(), 100, "each mended one gives its row, once: {rows}");

    // By a file, and only some of them.
    let shown = bed.done("show", &["errors", "--format", "json", "--offsets", "0@0-2"]);
    let mended = text(&shown.stdout).replace("\\\"parts\\\":0", "\\\"parts\\\":3");
    let file = bed.dir.path().join("mended.ndjson");
    std::fs::write(&file, mended).expect("written");
    let from = file.display().to_string();
    let sent = bed.done("replay", &["errors", "--from", &from]);
    assert!(text(&sent.stderr).contains("3 sent back to payments (3 mended)"), "{}", text(&sent.stderr));
    let twice = bed.done("replay", &["errors", "--from", &from]);
    let told = text(&twice.stderr);
    assert!(told.contains(": 0 sent back\n") && told.contains("3 not: it was sent back before"), "{told}");
    std::fs::write(&file, text(&shown.stdout).replace("payments.errors-", "payments.errors-9"))
        .expect("written");
    let unknown = bed.dlq("replay", &["errors", "--from", &from]).output().expect("it runs");
    assert!(
        text(&unknown.stderr).contains("is no record that waits in payments.errors"),
        "{}",
        text(&unknown.stderr)
    );
    assert!(text(&bed.done("ls", &[]).stdout).contains("97 waiting, 3 sent back"));
    // Brokers of the environment are not in the way of a directory that is named; brokers that are named, too, are.
    let listed = bed.dlq("ls", &[]).env("TIDEGATE_BROKERS", "127.0.0.1:1").output().expect("it runs");
    assert!(text(&listed.stdout).contains("97 waiting"), "{}", text(&listed.stderr));
    let both = bed.dlq("ls", &["--brokers", "127.0.0.1:1"]).output().expect("it runs");
    assert!(text(&both.stderr).contains("say one of both"), "{}", text(&both.stderr));
    assert_eq!(bed.run_embedded(&payments(300)).lines().count(), 3);
}

/// Two topologies have their routes' topics in common: each sends back what it set aside itself.
#[test]
fn what_another_topology_set_aside_stays() {
    let mut bed = Bed::embedded();
    bed.run_embedded(&unreadable(5));
    let first = std::fs::read_to_string(&bed.topology).expect("read");
    let second = first.replace("topology aside", "topology beside").replace("(\"each\"", "(\"other\"");
    bed.topology = bed.dir.path().join("beside.tide");
    std::fs::write(&bed.topology, second).expect("written");
    // It reads the five that the first one has read, and two more.
    bed.run_embedded(&unreadable(7));
    let sent = bed.done("replay", &["malformed"]);
    assert!(text(&sent.stderr).contains("7 sent back to payments"), "{}", text(&sent.stderr));
    let listed = text(&bed.done("ls", &[]).stdout);
    assert!(listed.contains("  0 waiting, 7 sent back, 5 written by others\n"), "{listed}");
    assert_eq!(bed.records("payments").len(), 14);
}

#[test]
fn a_record_with_a_mended_key_goes_to_the_partition_of_that_key() {
    let bed = Bed::embedded();
    bed.run_embedded(&["nonsense".to_owned()]);
    let shown = bed.done("show", &["malformed", "--format", "json"]);
    let mut row: serde_json::Value = serde_json::from_slice(&shown.stdout).expect("one line");
    assert!(row["key"].is_null(), "a key that could be read: {row}");
    let file = bed.dir.path().join("mended.ndjson");
    for key in ["c1", "c2", "c3", "c4"] {
        row["key"] = key.into();
        row["value"] = format!(r#"{{"id":"{key}","card":"{key}","amount":6,"parts":2}}"#).into();
        std::fs::write(&file, format!("{row}\n")).expect("written");
        bed.done("replay", &["malformed", "--again", "--from", &file.display().to_string()]);
    }
    let records = bed.records("payments");
    let sent: Vec<_> = records.iter().filter(|(_, record)| record.key.is_some()).collect();
    assert_eq!(sent.len(), 4);
    for (partition, record) in sent {
        let key = record.key.as_deref().expect("it has one");
        assert_eq!(*partition, tidegate_model::partition::partition_for(key, PARTITIONS).0);
    }
    assert_eq!(bed.run_embedded(&["nonsense".to_owned()]).lines().count(), 4, "all can be worked with");
}

/// Everything that was read, in the order read, and then everything once more: as it was, in key, value, timestamp and partition.
fn assert_sent_back_once<T: Ord + Clone + std::fmt::Debug>(records: Vec<T>, count: usize) {
    let mut times: BTreeMap<T, usize> = BTreeMap::new();
    for record in records {
        *times.entry(record).or_default() += 1;
    }
    assert_eq!(times.len(), count, "what was sent back is what was read");
    let wrong = times.iter().find(|(_, count)| **count != 2);
    assert!(wrong.is_none(), "not once: {wrong:?}");
}

#[test]
fn a_killed_replay_that_is_run_again_sends_nothing_twice() {
    const COUNT: usize = 30_000;
    let bed = Bed::embedded();
    bed.run_embedded(&unreadable(COUNT as u64));
    // As a person sends them who has looked through a file of them.
    let shown = bed.done("show", &["malformed", "--format", "json"]);
    let file = bed.dir.path().join("seen.ndjson");
    std::fs::write(&file, shown.stdout).expect("written");
    bed.replay_killed(Duration::from_millis(40), &["--from", &file.display().to_string()]);
    let all = bed.records("payments").into_iter();
    let parts = all.map(|(partition, record)| (partition, record.timestamp, record.key, record.value));
    assert_sent_back_once(parts.collect(), COUNT);
}

fn of_message(message: Message) -> (i32, i64, Option<Vec<u8>>, Option<Vec<u8>>) {
    (message.partition, message.timestamp_ms, message.key, message.value)
}

#[test]
fn on_kafka_records_are_sent_back_once_beside_a_run_and_through_kills() {
    const COUNT: usize = 6_000;
    let broker = Broker::start();
    let topics = Topics::new(&broker.config());
    for topic in ["payments", "payments.malformed", "payments.errors", "each"] {
        topics.create(topic, PARTITIONS as i32, &[]);
    }
    let bed = Bed::new("", |_| vec!["--brokers".to_owned(), broker.address()]);
    let data = bed.dir.path().join("data");
    let start = || Process::run(&bed.topology, &broker.address(), &data, &[]);
    let produce = |events: &[String]| {
        let keys: Vec<String> = (0..events.len()).map(|number| format!("c{}", number % 50)).collect();
        let records = events.iter().zip(&keys);
        topics.produce(
            "payments",
            records.map(|(event, key)| (None, Some(key.as_bytes()), Some(event.as_bytes()))),
        );
    };
    let wait_for = |topic: &str, count: usize| {
        until(&format!("{count} records in {topic}"), || {
            let records = topics.read_committed(topic);
            assert!(records.len() <= count, "{topic}: {} records, and {count} are right", records.len());
            (records.len() == count).then_some(records)
        })
    };
    produce(&unreadable(COUNT as u64));
    let running = start();
    wait_for("payments.malformed", COUNT);
    assert!(running.stop().success());
    bed.replay_killed(Duration::from_millis(400), &[]);
    let records = topics.read_committed("payments").into_iter().map(of_message);
    assert_sent_back_once(records.collect(), COUNT);
    assert!(text(&bed.done("ls", &[]).stdout).contains(&format!("0 waiting, {COUNT} sent back")));

    // They were not mended, so they come back; and are mended while the topology runs.
    let running = start();
    wait_for("payments.malformed", 2 * COUNT);
    let edit = ["malformed", "--edit", "s/\"amount\":\"six\"/\"amount\":6/", "--offsets", "0@0-100000"];
    let sent = text(&bed.done("replay", &edit).stderr);
    let line = sent.lines().find_map(|line| line.strip_prefix("payments.malformed: "));
    let number = line.and_then(|line| line.split(' ').next()).and_then(|number| number.parse().ok());
    let count = number.unwrap_or_else(|| panic!("no number in: {sent}"));
    assert!(count > COUNT / 6 && count < COUNT * 2 / 3, "{sent}");
    wait_for("each", count);
    let committed = topics.committed("aside.dlq.payments.malformed", "payments.malformed", PARTITIONS as i32);
    assert!(committed.iter().all(Option::is_some), "{committed:?}");
    assert!(running.stop().success());
}
