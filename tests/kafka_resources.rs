//! What a process takes of its machine, on a real broker: memory, threads, open files.
//!
//! `TIDEGATE_STATE_KEYS=3000000` makes the state larger than the 150 MB of the short form.

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use support::{Process, repository, size_of, until};
use tidegate_sim::payments::mix;
use tidegate_sim::{Broker, Topics};

const PARTITIONS: i32 = 64;
/// The least that `--memory` takes.
const MEMORY: &str = "64MiB";
const TEXT_BYTES: usize = 1_000;
/// Of these keys a second event comes when all others are there.
const EVERY: u64 = 50;

/// What a process may take besides `--memory`: itself, a batch on its way, and the libraries' own buffers for 64 partitions.
const OVERHEAD_KIB: u64 = 256 << 10;
const THREADS_MAX: u64 = 60;
const FILES_MAX: usize = 1_400;

fn keys() -> u64 {
    std::env::var("TIDEGATE_STATE_KEYS").map_or(150_000, |keys| keys.parse().expect("a number"))
}

fn key(n: u64) -> String {
    format!("k{n}")
}

/// Text that no compression makes smaller than a third.
fn text(n: u64) -> String {
    let mut text = format!("{n:012}");
    let mut random = n;
    while text.len() < TEXT_BYTES {
        random = mix(random);
        text.push_str(&format!("{random:016x}"));
    }
    text.truncate(TEXT_BYTES);
    text
}

fn send(topics: &Topics, all: impl Iterator<Item = u64>, at_ms: i64) {
    let time = chrono::DateTime::from_timestamp_millis(at_ms).expect("a time").to_rfc3339();
    let mut rest = all.peekable();
    while rest.peek().is_some() {
        let record = |n: u64| {
            let text = text(n);
            (key(n), format!(r#"{{"k":"{}","text":"{text}","at":"{time}"}}"#, key(n)))
        };
        let some: Vec<(String, String)> = rest.by_ref().take(20_000).map(record).collect();
        let bytes = some.iter().map(|(key, value)| (None, Some(key.as_bytes()), Some(value.as_bytes())));
        topics.produce("notes", bytes);
    }
}

fn bytes_in(directory: &Path) -> u64 {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(data) if data.is_dir() => bytes_in(&entry.path()),
        Ok(data) => data.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

/// Twice as much state as memory, on 64 partitions: all of it is found again, and memory, threads and files stay within their bounds.
#[test]
fn state_beyond_the_memory_is_on_the_disk() {
    let broker = Broker::start();
    let topics = Topics::new(&broker.config());
    topics.create("notes", PARTITIONS, &[]);
    topics.create("again", PARTITIONS, &[]);
    let keys = keys();
    send(&topics, 0..keys, 1_700_000_000_000);
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data");
    let topology = repository("tests/topologies/large_state.tide");
    let mut process = Process::run(&topology, &broker.address(), &data, &["--memory", MEMORY]);
    let (mut memory_kib, mut threads, mut files) = (0, 0, 0);
    let mut watch = |process: &mut Process| {
        assert!(process.exit().is_none(), "{}", process.told());
        let now = size_of(process.pid()).expect("it runs");
        (memory_kib, threads, files) = (now.0, threads.max(now.1), files.max(now.2));
    };
    let is_read = || {
        let committed = topics.committed("large_state", "notes", PARTITIONS);
        let ends = topics.ends("notes");
        let all = committed.iter().zip(&ends).all(|(next, (_, end))| next.unwrap_or(0) == *end);
        all.then_some(())
    };
    until("the state of all keys", || {
        watch(&mut process);
        is_read()
    });
    // Those that were read long ago are on the disk by now.
    send(&topics, (0..keys).filter(|n| n % EVERY == 0), 1_700_000_060_000);
    until("the second events", || {
        watch(&mut process);
        is_read()
    });
    let state = bytes_in(&data);
    println!(
        "{keys} keys, {} MB of state: {} MiB at most, {threads} threads, {files} files",
        state / 1_000_000,
        memory_kib >> 10
    );
    assert!(process.stop().success(), "it ends in order");
    let rows = topics.read_committed("again");
    let found: BTreeMap<String, String> = rows
        .iter()
        .map(|row| {
            (
                row.key.clone().map(|key| String::from_utf8_lossy(&key).into_owned()).unwrap_or_default(),
                row.text(),
            )
        })
        .collect();
    assert_eq!((rows.len(), found.len()), (keys.div_ceil(EVERY) as usize, keys.div_ceil(EVERY) as usize));
    for n in (0..keys).filter(|n| n % EVERY == 0) {
        let right = format!(r#"{{"k":"{}","n":2,"chars":{TEXT_BYTES},"start":"{n:012}"}}"#, key(n));
        assert_eq!(found[&key(n)], right);
    }
    let limit_kib = (64 << 10) + OVERHEAD_KIB;
    assert!(state > 2 * (64 << 20), "there is more state than memory: {state} bytes");
    assert!(memory_kib < limit_kib, "{memory_kib} KiB of memory, and {limit_kib} KiB are the limit");
    assert!(threads <= THREADS_MAX && files <= FILES_MAX, "{threads} threads, {files} files");
}
