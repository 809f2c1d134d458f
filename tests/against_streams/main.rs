//! Tidegate's operators against Kafka Streams: random cases are run by both, and the answers must be the same but for the differences that
//! have a name. `README.md` tells how.
//!
//! `TIDEGATE_SEED=…` gives the cases of an earlier run again; `TIDEGATE_CASES=10` asks ten times as many.

mod case;
mod compare;
mod differences;
mod engine;
mod generate;
mod named;
mod streams;
mod topology;

use case::Case;
use engine::Engine;
use proptest::prelude::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use std::cell::RefCell;
use std::io::{Read, Write};
use std::sync::LazyLock;

/// Another one for each run, unless it is set.
static SEED: LazyLock<u64> = LazyLock::new(|| match std::env::var("TIDEGATE_SEED") {
    Ok(text) => text.parse().expect("TIDEGATE_SEED is a number"),
    Err(_) => {
        let mut bytes = [0; 8];
        let random = std::fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
        random.expect("the system has random numbers");
        u64::from_le_bytes(bytes)
    }
});

/// Told in every run, also where a test passes and the test harness hides what it prints.
fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Asks both about `count` random cases, and panics with the smallest one that differs.
fn ask(what: &str, count: u32, strategy: impl Strategy<Value = Case>) {
    let times: u32 = std::env::var("TIDEGATE_CASES").map_or(1, |text| text.parse().expect("a number"));
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&SEED.to_le_bytes());
    let config = Config {
        cases: count * times,
        failure_persistence: None,
        max_shrink_iters: 4096,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let engine = RefCell::new(Engine::new());
    let result = runner.run(&strategy, |case| {
        compare::compare(&mut engine.borrow_mut(), &case).map_err(TestCaseError::fail)
    });
    match result {
        Ok(()) => tell(&format!("{what}: {} cases as Kafka Streams, seed {}", count * times, *SEED)),
        Err(TestError::Fail(reason, _)) => {
            panic!(
                "{what}: {reason}\nagain: TIDEGATE_SEED={} cargo test --release --test against_streams",
                *SEED
            )
        }
        Err(TestError::Abort(reason)) => panic!("{what}: {reason}"),
    }
}

#[test]
fn tumbling_windows() {
    ask("tumbling windows", 300, generate::tumbling());
}

#[test]
fn hopping_windows() {
    ask("hopping windows", 600, generate::hopping());
}

#[test]
fn session_windows() {
    ask("session windows", 200, generate::session());
}

#[test]
fn sliding_windows() {
    ask("sliding windows", 200, generate::sliding());
}

#[test]
fn aggregates_without_a_window() {
    ask("aggregates without a window", 150, generate::totals());
}

#[test]
fn latest() {
    ask("latest", 150, generate::latest());
}

#[test]
fn joins_of_two_streams() {
    ask("joins of two streams", 700, generate::join_streams());
}

#[test]
fn joins_of_a_stream_and_a_table() {
    ask("joins of a stream and a table", 250, generate::join_table());
}

#[test]
fn joins_of_a_stream_and_an_aggregate() {
    ask("joins of a stream and an aggregate", 250, generate::join_sums());
}

#[test]
fn joins_by_a_foreign_key() {
    ask("joins by a foreign key", 350, generate::join_foreign());
}

#[test]
fn joins_of_two_tables() {
    ask("joins of two tables", 350, generate::join_tables());
}
