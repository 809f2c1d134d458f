//! The engine against the reference interpreter (`engine/sim/src/reference`): random topologies over random events are run by the production
//! worker, and what leaves must be what the reference works out. `engine/sim/DESIGN.md` tells how.
//!
//! `TIDEGATE_SEED=…` gives the cases of an earlier run again; `TIDEGATE_CASES=10` asks ten times as many.

#[path = "../support/bed.rs"]
mod bed;
mod case;
mod compare;
mod errors;
mod found;
mod generate;
mod in_time;
mod looked_up;
#[path = "../support/random_cases.rs"]
mod random_cases;
mod random_topologies;
mod shape;
mod steps;
mod tables;
mod windows;

use bed::Bed;
use proptest::prelude::Strategy;
use shape::Shape;

fn ask(what: &str, count: u32, shapes: impl Strategy<Value = Shape>) {
    let mut bed = Bed::new();
    let program = ("against_reference", "the reference");
    let compare = |case: &_| compare::compare(&mut bed, case);
    let answer = random_cases::ask(program, what, count, generate::cases(shapes), compare);
    assert!(answer.is_ok(), "{}", answer.unwrap_err());
}

#[test]
fn steps_on_one_event() {
    ask("steps on one event", 20, in_time::steps_only());
}

#[test]
fn aligned_windows() {
    ask("aligned windows", 35, windows::aligned());
}

#[test]
fn tumbling_windows_in_the_order_read() {
    ask("tumbling windows in the order read", 20, windows::tumbling_in_order());
}

#[test]
fn aggregates_without_a_window() {
    ask("aggregates without a window", 20, windows::totals());
}

#[test]
fn session_windows() {
    ask("session windows", 30, windows::session());
}

#[test]
fn sliding_windows() {
    ask("sliding windows", 30, windows::sliding());
}

#[test]
fn windows_by_the_clock_on_the_wall() {
    ask("windows by the clock on the wall", 35, windows::zoned());
}

#[test]
fn rows_that_the_wall_clock_lets_out() {
    ask("rows that the wall clock lets out", 30, windows::every());
}

#[test]
fn sums_of_floats() {
    ask("sums of floats", 20, windows::floats());
}

#[test]
fn expressions_that_fail_and_records_that_are_no_events() {
    ask("expressions that fail and records that are no events", 40, errors::shapes());
}

#[test]
fn rows_of_tables_that_fail() {
    ask("rows of tables that fail", 30, errors::tables());
}

#[test]
fn windows_of_windows() {
    ask("windows of windows", 30, windows::chained());
}

#[test]
fn rolling_aggregates() {
    ask("rolling aggregates", 30, in_time::rolling());
}

#[test]
fn rolling_aggregates_by_granularity() {
    ask("rolling aggregates by granularity", 20, in_time::rolling_coarse());
}

#[test]
fn dedupe() {
    ask("dedupe", 20, in_time::dedupe());
}

#[test]
fn patterns() {
    ask("patterns", 35, in_time::pattern());
}

#[test]
fn schedules() {
    ask("schedules", 25, in_time::schedule());
}

#[test]
fn joins_of_two_streams() {
    ask("joins of two streams", 35, tables::join_streams());
}

#[test]
fn joins_of_a_stream_and_a_table() {
    ask("joins of a stream and a table", 30, tables::join_table());
}

#[test]
fn joins_of_two_tables() {
    ask("joins of two tables", 30, tables::join_tables());
}

#[test]
fn joins_by_a_foreign_key() {
    ask("joins by a foreign key", 35, tables::join_foreign());
}

#[test]
fn joins_with_the_row_of_a_time() {
    ask("joins with the row of a time", 30, tables::join_as_of());
}

#[test]
fn joins_with_a_global_table() {
    ask("joins with a global table", 25, tables::join_global());
}

#[test]
fn joins_with_rows_that_come_through_topics() {
    ask("joins with rows that come through topics", 60, looked_up::shapes());
}

#[test]
fn the_first_of_each() {
    ask("the first of each", 40, tables::top());
}

#[test]
fn aggregates_of_tables() {
    ask("aggregates of tables", 40, tables::aggregates());
}

#[test]
fn rows_with_a_time_to_live() {
    ask("rows with a time to live", 60, tables::with_ttl());
}

#[test]
fn latest() {
    ask("latest", 20, tables::latest());
}

#[test]
fn changes() {
    ask("changes", 30, tables::changes());
}

#[test]
fn random_topologies() {
    ask("random topologies", 35, random_topologies::shapes());
}
