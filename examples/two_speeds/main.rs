//! A backlog in two partitions, of which one holds nine times as much of each hour as the other, counted by hour behind a
//! repartition: how many events Kafka Streams drops as late, and Tidegate. `README.md` beside this tells why.
//!
//! `cargo build --release && cargo run --release --example two_speeds`

#[path = "../../tests/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use support::{Process, pause, repository, tidegate, until};
use tidegate_sim::payments::{Payment, Payments};
use tidegate_sim::{Broker, Topics};

/// A second apart: a bit more than a day.
const PAYMENTS: u64 = 100_000;
const PARTITIONS: i32 = 2;
/// Nothing was written for so long: all is read.
const QUIET: Duration = Duration::from_secs(3);

/// Payments of an hour and country, by `<country> <start of the hour>`.
type Counts = BTreeMap<String, u64>;

/// What a program made of the backlog.
struct Outcome {
    counts: Counts,
    dropped: u64,
}

fn main() {
    let all = expected(PAYMENTS);
    let (tidegate, streams) = compare(PAYMENTS);
    println!("{PAYMENTS} payments, {} hours and countries\n", all.len());
    println!("{:15} {:>15} {:>15} {:>20}", "", "counted", "dropped as late", "hours that are right");
    for (name, outcome) in [("Kafka Streams", &streams), ("Tidegate", &tidegate)] {
        let counted: u64 = outcome.counts.values().sum();
        let right = all.iter().filter(|(hour, count)| outcome.counts.get(*hour) == Some(count)).count();
        println!("{name:15} {counted:15} {:15} {right:13} of {:3}", outcome.dropped, all.len());
    }
}

fn generator() -> Payments {
    Payments { cards: 1_000, step_ms: 1_000, ..Payments::default() }
}

/// One card in ten is in the first partition, as where a large customer has most of the events.
fn partition(payment: &Payment) -> i32 {
    i32::from(!payment.card.ends_with('0'))
}

/// What a naive count gives.
fn expected(payments: u64) -> Counts {
    let mut counts = Counts::new();
    for payment in (0..payments).map(|n| generator().payment(n)) {
        let hour =
            chrono::DateTime::from_timestamp_millis(payment.at_ms - payment.at_ms.rem_euclid(3_600_000));
        let start = hour.expect("a time").format("%Y-%m-%dT%H:%M:%SZ");
        *counts.entry(format!("{} {start}", payment.country)).or_default() += 1;
    }
    counts
}

/// Both programs, one after the other, on one broker.
fn compare(payments: u64) -> (Outcome, Outcome) {
    let broker = Broker::start();
    let topics = Topics::new(&broker.config());
    topics.create("payments", PARTITIONS, &[]);
    for output in ["hourly", "hourly.late", "streams.hourly"] {
        topics.create(output, PARTITIONS, &[]);
    }
    let backlog: Vec<(Payment, Vec<u8>)> = (0..payments)
        .map(|n| generator().payment(n))
        .map(|payment| (payment.json(), payment))
        .map(|(json, payment)| (payment, json))
        .collect();
    topics.produce(
        "payments",
        backlog.iter().map(|(payment, json)| {
            (Some(partition(payment)), Some(payment.card.as_bytes()), Some(&json[..]))
        }),
    );
    let dir = tempfile::tempdir().expect("a directory");
    (by_tidegate(&broker, &topics, dir.path()), by_streams(&broker, &topics, dir.path()))
}

fn by_tidegate(broker: &Broker, topics: &Topics, dir: &Path) -> Outcome {
    let topology = repository("examples/two_speeds/by_country.tide");
    let process = Process::run(&topology, &broker.address(), &dir.join("tidegate"), &[]);
    all_is_read(topics, "by_country");
    process.stop();
    let mut counts = Counts::new();
    for message in topics.read_committed("hourly") {
        let row: serde_json::Value = serde_json::from_str(&message.text()).expect("rows are JSON");
        let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
        let hour = format!("{} {}", text(&row["country"]), text(&row["window"]["start"]));
        counts.insert(hour, row["payments"].as_u64().expect("a number"));
    }
    Outcome { counts, dropped: topics.read_committed("hourly.late").len() as u64 }
}

fn by_streams(broker: &Broker, topics: &Topics, dir: &Path) -> Outcome {
    let mut process = streams_command()
        .arg(broker.address())
        .arg(dir.join("streams"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("java can be started: install a JDK");
    all_is_read(topics, "by-country");
    let dropped = told_at_its_end(&mut process);
    let messages = topics.read_committed("streams.hourly");
    let counts = messages.iter().map(|message| {
        let hour = String::from_utf8(message.key.clone().expect("a key")).expect("text");
        (hour, message.text().parse().expect("a number"))
    });
    Outcome { counts: counts.collect(), dropped }
}

fn told_at_its_end(process: &mut Child) -> u64 {
    drop(process.stdin.take());
    let mut told = String::new();
    let mut out = process.stdout.take().expect("it is piped");
    std::io::Read::read_to_string(&mut out, &mut told).expect("it tells");
    process.wait().expect("it has ended");
    told.trim().parse().unwrap_or_else(|_| panic!("a number was expected of Kafka Streams: {told}"))
}

/// Waits until a group has committed the whole backlog, and nothing is written any more to any topic.
fn all_is_read(topics: &Topics, group: &str) {
    let ends: Vec<Option<i64>> = topics.ends("payments").iter().map(|(end, _)| Some(*end)).collect();
    until("the end of the backlog", || {
        (topics.committed(group, "payments", PARTITIONS) == ends).then_some(())
    });
    let written = || -> i64 {
        let ours = topics.names().into_iter().filter(|name| !name.starts_with("__"));
        ours.flat_map(|name| topics.ends(&name)).map(|(_, end)| end).sum()
    };
    let mut before = written();
    until("a quiet broker", || {
        pause(QUIET);
        let now = written();
        (std::mem::replace(&mut before, now) == now).then_some(())
    });
}

/// Compiles the Kafka Streams program.
fn streams_command() -> Command {
    let source = repository("examples/two_speeds");
    let classes: PathBuf = tidegate().with_file_name("two_speeds.classes");
    std::fs::create_dir_all(&classes).expect("a directory");
    let path = tidegate_sim::classpath("Kafka Streams for two_speeds", &source.join("pom.xml"));
    let compiled = Command::new("javac")
        .args(["-cp", &path, "-d"])
        .arg(&classes)
        .arg(source.join("ByCountry.java"))
        .status()
        .expect("javac can be started: install a JDK");
    assert!(compiled.success(), "ByCountry.java does not compile");
    let mut command = Command::new("java");
    command.args(["-Xmx512m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp"]);
    command.arg(format!("{path}:{}", classes.display())).arg("ByCountry");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tidegate_counts_what_streams_drops() {
        const SHORT: u64 = 20_000;
        let all = expected(SHORT);
        let (tidegate, streams) = compare(SHORT);
        assert_eq!(tidegate.counts, all);
        assert_eq!(tidegate.dropped, 0);
        assert!(streams.dropped > 0, "Kafka Streams dropped nothing: the page has to tell that");
        let counted: u64 = streams.counts.values().sum();
        assert_eq!(counted + streams.dropped, SHORT);
    }
}
