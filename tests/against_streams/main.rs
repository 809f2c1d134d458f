//! Tidegate's operators against Kafka Streams: random cases are run by both, and the answers must be the same but for the differences that
//! have a name. `README.md` tells how.
//!
//! `TIDEGATE_SEED=…` gives the cases of an earlier run again; `TIDEGATE_CASES=10` asks ten times as many.

#[path = "../support/bed.rs"]
mod bed;
mod case;
mod compare;
mod differences;
mod engine;
mod generate;
mod named;
#[path = "../support/random_cases.rs"]
mod random_cases;
mod streams;
mod topology;

use case::Case;
use engine::Engine;
use proptest::prelude::Strategy;

fn ask(what: &str, count: u32, strategy: impl Strategy<Value = Case>) {
    let mut engine = Engine::new();
    let program = ("against_streams", "Kafka Streams");
    let compare = |case: &Case| compare::compare(&mut engine, case);
    let answer = random_cases::ask(program, what, count, strategy, compare);
    assert!(answer.is_ok(), "{}", answer.unwrap_err());
}

#[test]
fn tumbling_windows() {
    ask("tumbling windows", 200, generate::tumbling());
}

#[test]
fn hopping_windows() {
    ask("hopping windows", 300, generate::hopping());
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
fn aggregates_of_tables() {
    ask("aggregates of tables", 200, generate::aggregate_table());
}

#[test]
fn latest() {
    ask("latest", 150, generate::latest());
}

#[test]
fn joins_of_two_streams() {
    ask("joins of two streams", 500, generate::join_streams());
}

#[test]
fn joins_of_a_stream_and_a_table() {
    ask("joins of a stream and a table", 150, generate::join_table());
}

#[test]
fn joins_of_a_stream_and_an_aggregate() {
    ask("joins of a stream and an aggregate", 150, generate::join_sums());
}

#[test]
fn joins_by_a_foreign_key() {
    ask("joins by a foreign key", 200, generate::join_foreign());
}

#[test]
fn joins_of_a_stream_with_rows_joined_by_a_foreign_key() {
    ask("joins of a stream with rows joined by a foreign key", 200, generate::look_up_foreign());
}

#[test]
fn joins_of_a_stream_with_groups_of_a_table() {
    ask("joins of a stream with groups of a table", 200, generate::look_up_groups());
}

#[test]
fn joins_of_two_tables() {
    ask("joins of two tables", 200, generate::join_tables());
}
