//! The Nexmark queries of `benches/nexmark`, each with an answer that is computed from all events at once.

mod support;

#[path = "../benches/nexmark/kit/mod.rs"]
mod kit;

use kit::events::{Events, Topic};
use kit::query::{QUERIES, events_file};
use std::collections::BTreeSet;
use std::process::Command;
use support::{repository, tidegate};

const SEED: u64 = 1;
const EVENTS: u64 = 20_000;
/// Ten milliseconds: 200 seconds in all, so twenty windows of ten.
const STEP_US: u64 = 10_000;

#[test]
fn queries_answer_what_follows_from_all_events() {
    let dir = tempfile::tempdir().expect("a directory");
    let events = Events::generate(SEED, EVENTS, STEP_US);
    for topic in Topic::ALL {
        std::fs::write(events_file(dir.path(), topic), events.lines(topic)).expect("written");
    }
    let mut wrong = Vec::new();
    for partitions in [1, 4] {
        for query in QUERIES.iter().filter(|query| query.runs) {
            let output = query.run(&tidegate(), dir.path(), partitions);
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}: {told}", query.name);
            if let Some(what) = query.verify(dir.path(), &events) {
                wrong.push(format!("{} on {partitions} partitions: {what}", query.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A query that can run is to be compared: its `runs` in `kit/query.rs` says so.
#[test]
fn queries_that_the_engine_lacks_steps_for_are_right_and_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    for query in QUERIES.iter().filter(|query| !query.runs) {
        let output = query.run(&tidegate(), dir.path(), 1);
        let told = String::from_utf8_lossy(&output.stderr);
        let is_refused = output.status.code() == Some(2) && told.matches("error[T0901]").count() == 1;
        assert!(is_refused, "{} can run now, so it is to be compared: {told}", query.name);
    }
}

#[test]
fn every_query_is_checked_without_a_warning_and_formatted() {
    let folder = repository("benches/nexmark/queries");
    let files: BTreeSet<_> = std::fs::read_dir(&folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    let queries: BTreeSet<_> =
        QUERIES.iter().map(|query| query.topology()).chain([folder.join("events.tide")]).collect();
    assert_eq!(files, queries);
    for arguments in [&["check"][..], &["fmt", "--check"][..]] {
        let output = Command::new(tidegate()).args(arguments).args(&files).output().expect("started");
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
        assert!(!told.contains("warning"), "{told}");
    }
}
