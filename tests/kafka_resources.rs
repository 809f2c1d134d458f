//! What a process takes of its machine, on a real broker: memory, threads, open files.
//!
//! `TIDEGATE_STATE_KEYS=3000000` makes the state larger than the 500 MB of the short form.

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use support::{Process, repository, size_of, until};
use tidegate_sim::payments::mix;
use tidegate_sim::{Broker, Topics};

/// What a process may take in all.
const MEMORY_MIB: u64 = 256;
const TEXT_BYTES: usize = 1_000;
/// Of these keys a second event comes when all others are there.
const EVERY: u64 = 50;

fn key(n: u64) -> String {
    format!("k{n}")
}

/// Text that compression does not make smaller.
fn text(n: u64) -> String {
    const LETTERS: &[u8; 64] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
    let mut text = format!("{n:012}");
    let mut random = n;
    while text.len() < TEXT_BYTES {
        random = mix(random);
        text.extend((0..10).map(|place| LETTERS[(random >> (6 * place)) as usize % 64] as char));
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

/// What a process has taken at most, and how much state it has in the end.
struct Taken {
    memory_kib: u64,
    threads: u64,
    files: usize,
    state_bytes: u64,
}

/// One process keeps the state of so many keys, and finds all of it again.
fn taken(partitions: i32, keys: u64) -> Taken {
    let broker = Broker::start();
    let topics = Topics::new(&broker.config());
    topics.create("notes", partitions, &[]);
    topics.create("again", partitions, &[]);
    send(&topics, 0..keys, 1_700_000_000_000);
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data");
    let topology = repository("tests/topologies/large_state.tide");
    let mut process =
        Process::run(&topology, &broker.address(), &data, &["--memory", &format!("{MEMORY_MIB}MiB")]);
    let (mut memory_kib, mut threads, mut files) = (0, 0, 0);
    let mut is_read = |process: &mut Process| {
        assert!(process.exit().is_none(), "{}", process.told());
        let now = size_of(process.pid()).expect("it runs");
        (memory_kib, threads, files) = (now.0, threads.max(now.1), files.max(now.2));
        let committed = topics.committed("large_state", "notes", partitions);
        let ends = topics.ends("notes");
        committed.iter().zip(&ends).all(|(next, (_, end))| next.unwrap_or(0) == *end).then_some(())
    };
    until("the state of all keys", || is_read(&mut process));
    // Those that were read long ago are on the disk by now.
    let again = || (0..keys).filter(|n| n % EVERY == 0);
    send(&topics, again(), 1_700_000_060_000);
    until("the second events", || is_read(&mut process));
    let state_bytes = bytes_in(&data);
    println!(
        "{keys} keys on {partitions} partitions, {} MB of state: {} MiB at most, {threads} threads, {files} files",
        state_bytes / 1_000_000,
        memory_kib >> 10
    );
    assert!(process.stop().success(), "it ends in order");
    let rows = topics.read_committed("again");
    let key_of = |key: &[u8]| String::from_utf8_lossy(key).into_owned();
    let found: BTreeMap<String, String> =
        rows.iter().map(|row| (row.key.as_deref().map(key_of).unwrap_or_default(), row.text())).collect();
    assert_eq!((rows.len(), found.len()), (again().count(), again().count()));
    for n in again() {
        let right = format!(r#"{{"k":"{}","n":2,"chars":{TEXT_BYTES},"start":"{n:012}"}}"#, key(n));
        assert_eq!(found[&key(n)], right);
    }
    Taken { memory_kib, threads, files, state_bytes }
}

#[test]
fn state_beyond_the_memory_is_on_the_disk() {
    let keys = std::env::var("TIDEGATE_STATE_KEYS").map_or(400_000, |keys| keys.parse().expect("a number"));
    let Taken { memory_kib, state_bytes, .. } = taken(4, keys);
    assert!(state_bytes >> 20 > MEMORY_MIB, "there is more state than memory: {state_bytes} bytes");
    assert!(memory_kib >> 10 < MEMORY_MIB, "{memory_kib} KiB of memory, and {MEMORY_MIB} MiB are the limit");
}

#[test]
fn sixty_four_partitions_have_one_process() {
    let Taken { memory_kib, threads, files, .. } = taken(64, 20_000);
    assert!(memory_kib >> 10 < MEMORY_MIB, "{memory_kib} KiB of memory, and {MEMORY_MIB} MiB are the limit");
    assert!(threads <= 60, "{threads} threads");
    assert!(files <= 1_400, "{files} files");
}
