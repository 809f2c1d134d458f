//! A part: one operator with its parameters, and cases that are fed to it one behind the other, far apart in time.

use crate::flink::Change;
use crate::operator::Operator;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use tidegate_sim::payments::mix;

/// Where the first case begins, and how far the others are apart, in seconds: what a case leaves is over before the next one. No
/// multiple of any window, so that cases begin at other places of it.
const FIRST: i64 = 1_000_003;
const APART: i64 = 9_973;
const EVENTS_MAX: u64 = 24;
const KEYS: u64 = 2;
const VALUES: u64 = 4;

/// Values of a row, as texts; times in milliseconds.
pub type Row = Vec<String>;
pub type Rows = BTreeSet<Row>;

#[derive(Clone, Copy)]
pub struct Event {
    pub key: u64,
    pub v: i64,
    /// Seconds from the beginning of the case.
    pub at: i64,
}

pub struct Part {
    pub operator: Operator,
    pub sql: String,
    /// How far behind the newest event the watermark is, in seconds.
    pub delay: i64,
    pub cases: Vec<Vec<Event>>,
}

impl Part {
    pub fn of(operator: Operator, events: Vec<Event>) -> Part {
        Part { operator, sql: operator.sql(), delay: 0, cases: vec![events] }
    }

    pub fn generate(seed: u64, operator: Operator, delay: i64, cases: u64) -> Part {
        let cases = (0..cases).map(|case| events(mix(seed) ^ mix(case), operator)).collect();
        Part { operator, sql: operator.sql(), delay, cases }
    }

    /// Every event with its key, its number in its case, and its time in milliseconds.
    pub fn events(&self) -> impl Iterator<Item = (String, usize, i64, &Event)> {
        self.cases.iter().enumerate().flat_map(|(case, events)| {
            events.iter().enumerate().map(move |(id, event)| {
                (format!("c{case}.k{}", event.key), id, (begin(case) + event.at) * 1_000, event)
            })
        })
    }

    /// What Flink is asked.
    pub fn question(&self) -> Value {
        let event = |(key, id, ms, event): (String, usize, i64, &Event)| json!([key, event.v, id, ms, "all"]);
        let events: Vec<Value> = self.events().map(event).collect();
        json!({ "sql": self.sql, "delay": self.delay * 1_000, "events": events })
    }

    pub fn is_of(&self, case: usize, row: &Row) -> bool {
        row[0].starts_with(&format!("c{case}."))
    }

    /// The case, and what is only in one of the answers.
    pub fn told(&self, case: usize, ours: &Rows, theirs: &Rows) -> String {
        let mut text = format!("case {case} of {}, watermark {} s behind\n", self.sql, self.delay);
        for (id, event) in self.cases[case].iter().enumerate() {
            let _ = writeln!(text, "  {id:>3}: k{} {} at {}", event.key, event.v, event.at);
        }
        for row in ours.difference(theirs) {
            let _ = writeln!(text, "  only Tidegate: {}", self.row(case, row));
        }
        for row in theirs.difference(ours) {
            let _ = writeln!(text, "  only Flink:    {}", self.row(case, row));
        }
        text
    }

    /// The rows of the first case, for people.
    pub fn short(&self, rows: &Rows) -> Vec<String> {
        rows.iter().map(|row| self.row(0, row)).collect()
    }

    /// A row with times as seconds of its case.
    fn row(&self, case: usize, row: &Row) -> String {
        let value = |text: &String| match text.parse::<i64>() {
            Ok(ms) if ms >= FIRST * 1_000 => (ms / 1_000 - begin(case)).to_string(),
            _ => text.split_once('.').map_or(text.clone(), |(_, key)| key.to_owned()),
        };
        row.iter().map(value).collect::<Vec<_>>().join(" ")
    }
}

/// Of a result to which rows are only added, and none twice.
pub fn rows(changes: &[Change]) -> Rows {
    let mut rows = Rows::new();
    for change in changes {
        assert!(change.comes && rows.insert(change.row.clone()), "each row comes once: {change:?}");
    }
    rows
}

/// In seconds.
pub fn begin(case: usize) -> i64 {
    FIRST + case as i64 * APART
}

fn events(seed: u64, operator: Operator) -> Vec<Event> {
    let mut state = seed;
    let mut below = |limit: u64| {
        state = mix(state);
        (state % limit) as i64
    };
    let mut newest = 0;
    (0..1 + below(EVENTS_MAX))
        .map(|_| {
            let ahead = match below(10) {
                0..6 => below(5),
                6..9 => -below(15),
                _ => 5 + below(35),
            };
            let at = (newest + ahead).max(0) * operator.seconds_of_a_step();
            newest = newest.max(at / operator.seconds_of_a_step());
            Event { key: below(KEYS) as u64, v: below(VALUES), at }
        })
        .collect()
}
