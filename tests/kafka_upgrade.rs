//! Processes that come and go in order, under load: more of them and fewer, and each in turn replaced by another version of the program.
//!
//! `TIDEGATE_BEFORE=<program>` is the version that runs first (`make upgrade FROM=<revision>` builds it); without it both are this one.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use support::{Process, pause, tidegate, until};
use tidegate_sim::{Broker, Topics};

const PARTITIONS: i32 = 4;
const KEYS: u64 = 200;
/// Events that are sent at once, ten times in a second.
const AT_ONCE: u64 = 100;

/// Counts the events of each key, over a repartition.
const TOPOLOGY: &str = r#"topology ka_upgrade
source events: { n: int, card: string } = kafka("ka_upgrade.events")
stream counts = events
  |> group by card
  |> aggregate { events: count(), total: sum(n) }
  |> emit changes
sink counts -> kafka("ka_upgrade.counts")
"#;

struct Bed<'a> {
    dir: tempfile::TempDir,
    topics: &'a Topics,
    address: String,
}

impl Bed<'_> {
    fn data(&self, number: usize) -> PathBuf {
        self.dir.path().join(format!("data-{number}"))
    }

    fn start(&self, number: usize, program: &Path) -> Process {
        let topology = self.dir.path().join("topology.tide");
        Process::run_program(program, &[], &topology, &self.address, &self.data(number), &[])
    }

    fn wait_for_members(&self, count: usize) {
        until(&format!("{count} members"), || {
            (self.topics.members("ka_upgrade") == Some(count)).then_some(())
        });
    }

    /// What was sent up to now is worked on, wherever it is.
    fn wait_for(&self, sent: u64, processes: &mut [Process]) {
        until(&format!("the results of {sent} events"), || {
            for process in processes.iter_mut() {
                assert!(process.exit().is_none(), "a process ended:\n{}", process.told());
            }
            (self.events() >= sent).then_some(())
        });
    }

    /// The rows of each key, in their order: events and total.
    fn rows(&self) -> BTreeMap<String, Vec<(u64, u64)>> {
        let mut rows: BTreeMap<String, Vec<(u64, u64)>> = BTreeMap::new();
        for message in self.topics.read_committed("ka_upgrade.counts") {
            let row: serde_json::Value = serde_json::from_str(&message.text()).expect("JSON");
            let number = |name: &str| row[name].as_u64().expect("a number");
            let key = row["card"].as_str().expect("a text").to_owned();
            rows.entry(key).or_default().push((number("events"), number("total")));
        }
        rows
    }

    fn events(&self) -> u64 {
        self.rows().values().filter_map(|rows| rows.last()).map(|(events, _)| events).sum()
    }
}

/// Event `n` is the one of key `n` modulo their number.
fn send(topics: &Topics, all: std::ops::Range<u64>) {
    let rows: Vec<String> = all.map(|n| format!(r#"{{"n":{n},"card":"c{}"}}"#, n % KEYS)).collect();
    topics.produce("ka_upgrade.events", rows.iter().map(|row| (None, None, Some(row.as_bytes()))));
}

/// From one process to four, each of which is then replaced, and back to one: every event counts once, and no state is read back.
#[test]
fn one_process_becomes_four_that_are_replaced_and_one_again_under_load() {
    let broker = Broker::start();
    let topics = Topics::new(&broker.config());
    for topic in ["events", "counts"] {
        topics.create(&format!("ka_upgrade.{topic}"), PARTITIONS, &[]);
    }
    let bed =
        Bed { dir: tempfile::tempdir().expect("a directory"), topics: &topics, address: broker.address() };
    std::fs::write(bed.dir.path().join("topology.tide"), TOPOLOGY).expect("written");
    let before = std::env::var_os("TIDEGATE_BEFORE").map_or_else(tidegate, PathBuf::from);
    let now = tidegate();
    let (sent, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let mut replayed: u64 = 0;
    std::thread::scope(|scope| {
        let sender = scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                let from = sent.load(Ordering::SeqCst);
                send(&topics, from..from + AT_ONCE);
                sent.store(from + AT_ONCE, Ordering::SeqCst);
                pause(Duration::from_millis(100));
            }
        });
        // However this ends, the sender does.
        let end = EndOf(&is_over);
        let mut processes = vec![bed.start(0, &before)];
        for number in 1..4 {
            bed.wait_for(sent.load(Ordering::SeqCst), &mut processes);
            processes.push(bed.start(number, &before));
            bed.wait_for_members(number + 1);
        }
        for number in 0..4 {
            bed.wait_for(sent.load(Ordering::SeqCst), &mut processes);
            // With the directory of the old one, as an upgrade does it.
            assert!(processes.remove(number).stop().success(), "it ends in order");
            std::fs::remove_file(bed.data(number).with_extension("log")).expect("removed");
            processes.insert(number, bed.start(number, &now));
        }
        // Who has nothing to replay says nothing.
        bed.wait_for(sent.load(Ordering::SeqCst), &mut processes);
        replayed = processes.iter().flat_map(Process::opened).map(|open| open.replayed).sum();
        for _ in 1..4 {
            bed.wait_for(sent.load(Ordering::SeqCst), &mut processes);
            let last = processes.pop().expect("there are more");
            assert!(last.stop().success(), "it ends in order");
        }
        drop(end);
        sender.join().expect("it sends to the end");
        bed.wait_for(sent.load(Ordering::SeqCst), &mut processes);
        let last = processes.pop().expect("one is left");
        assert!(last.stop().success());
    });
    let sent = sent.load(Ordering::SeqCst);
    println!(
        "{sent} events, 1 to 4 processes, each replaced, and back; replayed when replaced: {replayed} changelog records"
    );
    assert!(replayed <= KEYS, "a process that ends in order has written its stores: {replayed}");
    let rows = bed.rows();
    assert_eq!(rows.len() as u64, KEYS);
    for (key, rows) in rows {
        let number: u64 = key[1..].parse().expect("a number");
        let own: Vec<u64> = (0..sent).filter(|n| n % KEYS == number).collect();
        assert_eq!(rows.last(), Some(&(own.len() as u64, own.iter().sum())), "{key}");
        assert!(rows.is_sorted(), "{key} only grows: {rows:?}");
    }
}

struct EndOf<'a>(&'a AtomicBool);

impl Drop for EndOf<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
