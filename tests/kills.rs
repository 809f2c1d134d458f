//! What waits for event time (joins of streams, patterns, timers, sessions, sliding windows, ordered ranges) goes on after a kill as if there had been none.

mod support;

use std::fmt::Write;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;
use support::table::last_rows;
use support::{pause, repository, tidegate};

const KILLS: u64 = 8;

/// A topology, and what it writes.
struct Job {
    topology: &'static str,
    events: u64,
    sinks: &'static [&'static str],
    /// Sinks of tables, with what their rows' keys are: how often a row is given out depends on when commits are.
    tables: &'static [(&'static str, &'static [&'static str])],
}

/// Events of 40 keys, out of order by up to the 30 seconds that the source declares, and some later than that.
fn events(count: u64) -> String {
    let mut state = 7u64;
    let mut below = |limit: u64| {
        // Numbers that look random enough: Knuth's MMIX.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % limit
    };
    let mut text = String::new();
    for number in 0..count {
        let at = 1_772_323_200_000 + number * 900 + below(40_000);
        let kind = ["a", "a", "b", "b", "c"][below(5) as usize];
        let at = tidegate_model::EventTime::from_millis(at as i64);
        let (key, n) = (below(40), below(1_000));
        let _ = writeln!(text, r#"{{"id":"e{number}","k":"k{key}","n":{n},"kind":"{kind}","at":"{at}"}}"#);
    }
    text
}

fn start(job: &Job, input: &Path, out: &Path, data: Option<&Path>) -> Child {
    let mut command = Command::new(tidegate());
    command.args(["--quiet", "run", job.topology, "--input"]);
    command.arg(format!("evs={}", input.display())).current_dir(repository(""));
    for sink in job.sinks.iter().copied().chain(job.tables.iter().map(|(sink, _)| *sink)) {
        command.arg("--output").arg(format!("{sink}={}", out.join(sink).display()));
    }
    if let Some(data) = data {
        command.arg("--data").arg(data);
    }
    command.spawn().expect("started")
}

fn rows(out: &Path, sink: &str) -> Vec<String> {
    let text = std::fs::read_to_string(out.join(sink)).expect("written");
    let mut rows: Vec<String> = text.lines().map(str::to_owned).collect();
    rows.sort();
    rows
}

#[test]
fn a_run_that_is_killed_gives_what_one_gives_that_is_not() {
    killed_as_whole(&Job {
        topology: "tests/topologies/in_time.tide",
        events: 60_000,
        sinks: &["joined", "pat", "due", "sess", "slide", "roll"],
        tables: &[],
    });
}

/// Look-ups of aggregates, asks and answers of foreign keys, rows that move to another key, the first of each.
#[test]
fn rows_of_other_tables_and_tasks_survive_kills() {
    killed_as_whole(&Job {
        topology: "tests/topologies/related.tide",
        events: 20_000,
        sinks: &["counted"],
        tables: &[("referred", &["k"]), ("best", &["kind", "rank"]), ("highest", &["k", "rank"])],
    });
}

fn killed_as_whole(job: &Job) {
    let dir = tempfile::tempdir().expect("a directory");
    let input = dir.path().join("events.ndjson");
    std::fs::write(&input, events(job.events)).expect("written");
    let (whole, killed) = (dir.path().join("whole"), dir.path().join("killed"));
    for out in [&whole, &killed] {
        std::fs::create_dir(out).expect("made");
    }
    assert!(start(job, &input, &whole, None).wait().expect("ended").success());
    let data = dir.path().join("data");
    let mut at_work = 0;
    for kill in 0..KILLS {
        let mut child = start(job, &input, &killed, Some(&data));
        pause(Duration::from_millis(150 + kill * 30));
        at_work += u64::from(child.try_wait().expect("asked").is_none());
        child.kill().expect("killed");
        child.wait().expect("ended");
    }
    assert!(at_work >= 2, "only {at_work} of {KILLS} kills met a run at work");
    assert!(start(job, &input, &killed, Some(&data)).wait().expect("ended").success());
    for sink in job.sinks {
        let (right, found) = (rows(&whole, sink), rows(&killed, sink));
        assert!(right.len() > 100, "{sink}: there is something to find");
        assert!(found == right, "{sink}: {} rows, {} are right", found.len(), right.len());
    }
    for (sink, key) in job.tables {
        let read = |out: &Path| std::fs::read_to_string(out.join(sink)).expect("written");
        let (right, found) = (read(&whole), read(&killed));
        let (right, found) = (last_rows(&right, key), last_rows(&found, key));
        assert!(right.len() > 5, "{sink}: there is something to find");
        assert_eq!(found, right, "{sink}");
    }
}
