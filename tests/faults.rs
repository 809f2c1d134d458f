//! Kills of processes and of the broker under load, and losses of a process's disk: what is committed is what the oracles say,
//! record for record.
//!
//! `TIDEGATE_FAULT_SEED` runs another schedule, `TIDEGATE_FAULT_KILLS` a longer one.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use support::{Process, oracle, pause, repository, until};
use tidegate_engine::layout::LAYOUT_KEY;
use tidegate_model::TaskId;
use tidegate_model::{PartitionId, SubtopologyId};
use tidegate_sim::payments::{Payment, Payments, card};
use tidegate_sim::{Broker, Message, Topics};
use tidegate_state::{Shared, StateDir, Store};

const PARTITIONS: u32 = 4;
const PROCESSES: usize = 3;
const CARDS: u64 = 300;
const CHUNK: u64 = 200;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A small generator of the schedule's numbers (xorshift64*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % limit
    }
}

fn generator() -> Payments {
    Payments { seed: 11, cards: CARDS, step_ms: 1_000, disorder_ms: 5_000 }
}

struct Bed {
    broker: Broker,
    topics: Topics,
    dir: tempfile::TempDir,
    topology: PathBuf,
    processes: Vec<Process>,
}

impl Bed {
    fn new() -> Bed {
        let broker = Broker::start();
        let topics = Topics::new(&broker.config());
        for topic in
            ["payments", "w1.large", "w2.hourly", "w2.late", "w3.velocity", "w4.enriched", "w5.totals"]
        {
            topics.create(topic, PARTITIONS as i32, &[]);
        }
        topics.create("cards", PARTITIONS as i32, &[("cleanup.policy", "compact")]);
        let cards: Vec<(String, String)> = (0..CARDS)
            .map(|number| {
                let (tier, home) = oracle::card_row(number);
                (card(number), format!(r#"{{"card":"{}","tier":"{tier}","home":"{home}"}}"#, card(number)))
            })
            .collect();
        topics.produce(
            "cards",
            cards.iter().map(|(key, row)| (None, Some(key.as_bytes()), Some(row.as_bytes()))),
        );
        let dir = tempfile::tempdir().expect("a directory");
        let topology = repository("tests/topologies/everything.tide");
        Bed { broker, topics, dir, topology, processes: Vec::new() }
    }

    fn data(&self, number: usize) -> PathBuf {
        self.dir.path().join(format!("data-{number}"))
    }

    fn start(&self, number: usize) -> Process {
        Process::run(&self.topology, &self.broker.address(), &self.data(number), &[])
    }

    fn told(&self) -> String {
        self.processes.iter().map(Process::told).collect::<Vec<_>>().join("\n----\n")
    }
}

/// Sends payments until it is told to stop; returns how many were acknowledged, which is all.
fn load(topics: &Topics, stop: &AtomicBool, sent: &AtomicU64) {
    let generator = generator();
    while !stop.load(Ordering::SeqCst) {
        let from = sent.load(Ordering::SeqCst);
        let payments: Vec<Payment> = (from..from + CHUNK).map(|n| generator.payment(n)).collect();
        let rows: Vec<Vec<u8>> = payments.iter().map(Payment::json).collect();
        let records = payments.iter().zip(&rows).map(|(payment, row)| {
            (Some(payment.partition(PARTITIONS)), Some(payment.card.as_bytes()), Some(row.as_slice()))
        });
        topics.produce("payments", records);
        sent.store(from + CHUNK, Ordering::SeqCst);
        pause(Duration::from_millis(50));
    }
}

/// Every so many kills the process loses its disk, too.
const DISK_LOST: u64 = 5;

/// Kills, and starts again what was killed.
fn storm(bed: &mut Bed, seed: u64, kills: u64, broker_kills: u64) {
    let mut dice = Dice(seed | 1);
    let every = kills / (broker_kills + 1);
    for kill in 1..=kills {
        pause(Duration::from_millis(200 + dice.below(2_000)));
        let victim = dice.below(PROCESSES as u64) as usize;
        for (number, process) in bed.processes.iter_mut().enumerate() {
            assert!(process.exit().is_none(), "process {number} ended by itself:\n{}", process.told());
        }
        bed.processes[victim].kill();
        if kill % DISK_LOST == 0 {
            std::fs::remove_dir_all(bed.data(victim)).expect("a process has a directory");
        }
        bed.processes[victim] = bed.start(victim);
        if kill % every == 0 && kill / every <= broker_kills {
            pause(Duration::from_millis(dice.below(500)));
            bed.broker.kill();
            pause(Duration::from_millis(dice.below(2_000)));
            bed.broker.restart();
        }
    }
}

#[test]
fn nothing_is_lost_or_doubled_when_processes_and_broker_are_killed() {
    let seed = setting("TIDEGATE_FAULT_SEED", 42);
    let kills = setting("TIDEGATE_FAULT_KILLS", 20);
    let broker_kills = (kills / 6).max(1);
    println!("seed {seed}, {kills} kills of processes, {broker_kills} of the broker");
    let mut bed = Bed::new();
    bed.processes = (0..PROCESSES).map(|number| bed.start(number)).collect();
    let (stop, sent) = (AtomicBool::new(false), AtomicU64::new(0));
    let load_topics = Topics::new(&bed.broker.config());
    std::thread::scope(|scope| {
        scope.spawn(|| load(&load_topics, &stop, &sent));
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            storm(&mut bed, seed, kills, broker_kills)
        }));
        stop.store(true, Ordering::SeqCst);
        if let Err(panic) = result {
            std::panic::resume_unwind(panic);
        }
    });
    let generator = generator();
    let payments: Vec<Payment> = (0..sent.load(Ordering::SeqCst)).map(|n| generator.payment(n)).collect();
    println!("{} payments", payments.len());
    verify(&mut bed, &payments);
    for process in bed.processes.drain(..) {
        assert!(process.stop().success());
    }
    verify_state(&bed);
}

fn by_partition(payments: &[Payment]) -> BTreeMap<i32, Vec<&Payment>> {
    let mut parts: BTreeMap<i32, Vec<&Payment>> = BTreeMap::new();
    for payment in payments {
        parts.entry(payment.partition(PARTITIONS)).or_default().push(payment);
    }
    parts
}

fn texts(messages: &[Message], partition: i32) -> Vec<String> {
    messages.iter().filter(|message| message.partition == partition).map(Message::text).collect()
}

/// Rows that keep the order of their partition.
fn verify_rows(bed: &mut Bed, topic: &str, right: &BTreeMap<i32, Vec<String>>) {
    let count: usize = right.values().map(Vec::len).sum();
    let told = bed.told();
    let messages = until(&format!("{count} rows in {topic}\n{told}\n"), || {
        let messages = bed.topics.read_committed(topic);
        (messages.len() >= count).then_some(messages)
    });
    for (partition, rows) in right {
        let found = texts(&messages, *partition);
        let first = found.iter().zip(rows).position(|(found, right)| found != right);
        assert!(
            found == *rows,
            "{topic}-{partition}: {} rows, {} are right; the first difference is at {first:?}",
            found.len(),
            rows.len()
        );
    }
}

fn verify(bed: &mut Bed, payments: &[Payment]) {
    let parts = by_partition(payments);
    let rows = |row: &dyn Fn(&[&Payment]) -> Vec<String>| -> BTreeMap<i32, Vec<String>> {
        parts.iter().map(|(partition, payments)| (*partition, row(payments))).collect()
    };
    let large = rows(&|payments| {
        let large = payments.iter().filter(|payment| oracle::is_large(payment));
        large.map(|payment| String::from_utf8(payment.json()).expect("text")).collect()
    });
    verify_rows(bed, "w1.large", &large);
    verify_rows(bed, "w3.velocity", &rows(&|payments| oracle::velocity(payments.iter().copied())));
    verify_rows(
        bed,
        "w4.enriched",
        &rows(&|payments| payments.iter().map(|payment| oracle::enriched(payment)).collect()),
    );

    let newest =
        |payments: &Vec<&Payment>| payments.iter().map(|payment| payment.at_ms).max().unwrap_or(i64::MIN);
    let watermark = parts.values().map(newest).min().expect("partitions") - 5_000;
    let right = oracle::hourly(payments.iter(), 10_000, watermark);
    let found = until("the hourly rows", || {
        let mut found: Vec<String> =
            bed.topics.read_committed("w2.hourly").iter().map(Message::text).collect();
        found.sort();
        (found.len() >= right.len()).then_some(found)
    });
    assert_eq!(found, right, "each window once, and exact");
    assert_eq!(bed.topics.read_committed("w2.late").len(), 0, "nothing was late");

    let right = oracle::totals(payments.iter());
    until("the last totals", || {
        let mut last = BTreeMap::new();
        for message in bed.topics.read_committed("w5.totals") {
            let key = String::from_utf8(message.key.clone().expect("a key")).expect("text");
            last.insert(key, message.text());
        }
        (last == right).then_some(())
    });
}

/// The changelogs, folded, are the stores; and no transaction is left open.
fn verify_state(bed: &Bed) {
    // One process alone takes everything over.
    let process = bed.start(0);
    let stores = ["cards", "hourly.aggregate", "velocity.rolling", "totals.aggregate"];
    until("the last process has restored everything", || {
        let committed = bed.topics.committed("everything", "payments", PARTITIONS as i32);
        let idle = committed.iter().all(Option::is_some);
        (idle && process.told().matches("running").count() > 0).then_some(())
    });
    pause(Duration::from_secs(8));
    assert!(process.stop().success());
    for topic in bed.topics.names() {
        if topic.starts_with("__") {
            continue;
        }
        for (partition, (stable, end)) in bed.topics.ends(&topic).into_iter().enumerate() {
            assert_eq!(stable, end, "{topic}-{partition}: no transaction is left open");
        }
    }
    let state = StateDir::open(&bed.data(0).join("state"), "everything").expect("the state is free");
    let shared = Shared::new(16 << 20);
    let mut compared = 0;
    for store_name in stores {
        let changelog = bed.topics.read_committed(&format!("everything.{store_name}-changelog"));
        for partition in 0..PARTITIONS as i32 {
            let mut folded: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
            for message in changelog.iter().filter(|message| message.partition == partition) {
                let key = message.key.clone().expect("a changelog record has a key");
                match &message.value {
                    Some(value) => folded.insert(key, value.clone()),
                    None => folded.remove(&key),
                };
            }
            let (dumped, layout) = dump(&state, &shared, store_name, partition);
            assert_eq!(folded.remove(LAYOUT_KEY), layout, "{store_name}-{partition}: the layout");
            assert!(
                dumped == folded,
                "{store_name}-{partition}: {} entries, {} in the changelog",
                dumped.len(),
                folded.len()
            );
            compared += folded.len();
        }
    }
    assert!(compared > CARDS as usize, "there was state to compare");
}

type Dumped = (BTreeMap<Vec<u8>, Vec<u8>>, Option<Vec<u8>>);

/// A store's rows, and its layout.
fn dump(state: &StateDir, shared: &Shared, store: &str, partition: i32) -> Dumped {
    for subtopology in 0..2 {
        let task = TaskId { subtopology: SubtopologyId(subtopology), partition: PartitionId(partition) };
        let path: PathBuf = state.task_path(task);
        if !Path::exists(&path) {
            continue;
        }
        let mut opened = Store::open(&path, shared, &[]).expect("the store opens");
        if let Some(table) = opened.table(store) {
            let layout = opened.layout(table).map(|layout| layout.as_bytes().to_vec());
            return (opened.dump(table).expect("the store can be read").into_iter().collect(), layout);
        }
    }
    panic!("there is no store {store} for partition {partition}");
}
