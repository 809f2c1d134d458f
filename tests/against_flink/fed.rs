//! A question over a stream and a table, whose answer is looked at behind each event: cases that are fed one behind the other, each with keys of its own.

use crate::case::{Row, Rows, begin};
use crate::flink::Change;
use serde_json::{Value, json};
use std::fmt::Write as _;
use tidegate_sim::payments::mix;

const FED_MAX: u64 = 24;
const KEYS: u64 = 5;
const GROUPS: u64 = 2;
const VALUES: u64 = 5;
/// An event is at most so much older than the newest one, in seconds.
pub const DISORDER: i64 = 15;
/// In seconds: nothing is late.
const DELAY: i64 = 60;

/// An event, or a change of the table's row: `v` is null where it is deleted.
#[derive(Clone, Copy)]
pub struct Fed {
    pub is_event: bool,
    pub key: u64,
    pub group: u64,
    pub v: Option<i64>,
    /// Seconds from the beginning of the case.
    pub at: i64,
}

impl Fed {
    pub fn event(key: u64, v: i64, at: i64) -> Fed {
        Fed { is_event: true, key, group: 0, v: Some(v), at }
    }

    pub fn fact(key: u64, v: Option<i64>, at: i64) -> Fed {
        Fed { is_event: false, key, group: 0, v, at }
    }
}

/// What a case is made of, and in which order it is fed.
#[derive(Clone, Copy, PartialEq)]
pub enum Of {
    Events,
    Facts,
    FactsThenEvents,
    /// Both as time goes on; the table's rows before the events of the same time, and none out of order.
    Together,
}

pub struct Question {
    pub sql: String,
    /// What stands behind the declarations of `events` and `facts`, with `NAME` for the topology's name.
    pub body: String,
    /// How long the table's rows are kept, as the language has it.
    pub history: &'static str,
    /// A row takes the place of the one with its key.
    pub is_table: bool,
    /// Has Flink shown what it is behind each event?
    pub is_shown_between: bool,
    pub of: Of,
    pub cases: Vec<Vec<Fed>>,
}

/// One of a case, with everything that both are told of it.
pub struct Told<'a> {
    pub fed: &'a Fed,
    pub id: usize,
    pub key: String,
    pub group: String,
    pub all: String,
    pub ms: i64,
}

impl Question {
    /// The same with generated cases.
    pub fn generate(self, seed: u64, cases: u64) -> Question {
        let cases = (0..cases).map(|case| generate(mix(seed) ^ mix(case), self.of)).collect();
        Question { cases, ..self }
    }

    pub fn fed(&self) -> impl Iterator<Item = Told<'_>> {
        self.cases.iter().enumerate().flat_map(|(case, all)| {
            all.iter().enumerate().map(move |(id, fed)| Told {
                fed,
                id,
                key: format!("c{case}.k{}", fed.key),
                group: format!("c{case}.g{}", fed.group),
                all: format!("c{case}.all"),
                ms: (begin(case) + fed.at) * 1_000,
            })
        })
    }

    /// What Flink is asked.
    pub fn question(&self) -> Value {
        let (events, facts): (Vec<Told<'_>>, Vec<Told<'_>>) = self.fed().partition(|told| told.fed.is_event);
        let event = |told: &Told<'_>| json!([told.key, told.fed.v, told.id, told.ms, told.all]);
        let fact = |told: &Told<'_>| json!([told.key, told.all, told.group, told.fed.v, told.ms]);
        let mut part = json!({ "sql": self.sql, "delay": DELAY * 1_000 });
        part["events"] = events.iter().map(event).collect();
        if self.of != Of::Events {
            part["facts"] = facts.iter().map(fact).collect();
        }
        part
    }

    pub fn topology(&self, name: &str) -> String {
        let history = self.history;
        format!(
            "topology {name}\n\
             source events: {{ k: string, c: string, v: int, id: int, at: timestamp }} = embedded(\"{name}.events\") key k time at, out_of_order {DELAY}s\n\
             table facts: {{ k: string, c: string, g: string, v: int }} = embedded(\"{name}.facts\") key k{history}\n{}",
            self.body.replace("NAME", name)
        )
    }

    /// The case, and both answers.
    pub fn told(&self, case: usize, what: &str, ours: &Rows, theirs: &Rows) -> String {
        let mut text = format!("{what}: case {case} of {}\n{}", self.sql, self.body);
        for (id, fed) in self.cases[case].iter().enumerate() {
            let Fed { is_event, key, group, v, at } = fed;
            let kind = if *is_event { "event" } else { "fact" };
            let _ = writeln!(text, "  {id:>3}: {kind} k{key} g{group} {v:?} at {at}");
        }
        for row in ours.difference(theirs) {
            let _ = writeln!(text, "  only Tidegate: {}", row.join(" "));
        }
        for row in theirs.difference(ours) {
            let _ = writeln!(text, "  only Flink:    {}", row.join(" "));
        }
        text
    }
}

pub fn of_case(case: usize, rows: &Rows) -> Rows {
    rows.iter().filter(|row| is_of(case, row)).cloned().collect()
}

fn is_of(case: usize, row: &Row) -> bool {
    row[0].starts_with(&format!("c{case}."))
}

/// Everything that a case's result has been, from nothing on: once for each change.
pub fn results(case: usize, changes: &[Change]) -> Vec<Rows> {
    let mut result = Rows::new();
    let mut results = vec![result.clone()];
    for Change { comes, row } in changes.iter().filter(|change| is_of(case, &change.row)) {
        let was_other = if *comes { result.insert(row.clone()) } else { result.remove(row) };
        assert!(was_other, "a row comes that is there, or one goes that is not: {row:?}");
        results.push(result.clone());
    }
    results
}

fn generate(seed: u64, of: Of) -> Vec<Fed> {
    let mut state = seed;
    let mut below = |limit: u64| {
        state = mix(state);
        (state % limit) as i64
    };
    let mut newest = 0;
    let mut fed: Vec<Fed> = (0..2 + below(FED_MAX))
        .map(|_| {
            let is_event = match of {
                Of::Events => true,
                Of::Facts => false,
                Of::FactsThenEvents | Of::Together => below(2) == 0,
            };
            let ahead = match below(10) {
                0..6 => below(5),
                6..9 if is_event || of != Of::Together => -below(DISORDER as u64),
                _ => below(20),
            };
            // A row that is fed behind an event of its own time would come too late for it.
            let ahead = if of == Of::Together && !is_event { ahead.max(1) } else { ahead };
            let at = (newest + ahead).max(0);
            newest = newest.max(at);
            let is_there = is_event || below(5) > 0;
            let v = below(VALUES);
            Fed {
                is_event,
                key: below(KEYS) as u64,
                group: below(GROUPS) as u64,
                v: is_there.then_some(v),
                at,
            }
        })
        .collect();
    if of == Of::FactsThenEvents {
        fed.sort_by_key(|fed| fed.is_event);
    }
    fed
}
