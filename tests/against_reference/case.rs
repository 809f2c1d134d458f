//! A case: a topology, the events of its topics, and how the engine is given them.

use serde_json::json;
use std::fmt;
use tidegate_model::partition::partition_for;
use tidegate_model::{EventTime, Value};
use tidegate_sim::reference;

/// The first time of a case.
pub const BASE: i64 = 1_000_000;
/// So far behind everything else are the events that end a case: every window is final.
pub const FAR: i64 = 10_000;

/// An event of the topic `a` or `b`, or a row of the table `t` or `g`.
#[derive(Clone, Debug)]
pub struct Event {
    pub topic: &'static str,
    pub id: i64,
    pub k: String,
    pub j: String,
    pub v: i64,
    pub w: Option<i64>,
    pub time: i64,
    /// Of a table: the key's row is deleted.
    pub deletes: bool,
    /// The record is no event.
    pub malformed: bool,
}

const TABLES: [&str; 2] = ["t", "g"];

impl Event {
    pub fn partition(&self, partitions: u32) -> u32 {
        partition_for(self.k.as_bytes(), partitions).0 as u32
    }

    fn values(&self) -> Vec<Value> {
        let w = self.w.map_or(Value::Null, Value::Int);
        if TABLES.contains(&self.topic) {
            return vec![Value::String(self.k.as_str().into()), Value::Int(self.v), w];
        }
        vec![
            Value::Int(self.id),
            Value::String(self.k.as_str().into()),
            Value::String(self.j.as_str().into()),
            Value::Int(self.v),
            w,
            Value::Decimal(i128::from(self.v * 25 - 30)),
            Value::Timestamp(self.time),
        ]
    }

    /// What the reference is given.
    pub fn for_reference(&self, topology: &str, partitions: u32) -> reference::Event {
        reference::Event {
            topic: format!("{topology}.{}", self.topic),
            partition: self.partition(partitions) as usize,
            time: self.time,
            values: (!self.deletes).then(|| self.values()),
            malformed: self.malformed.then(|| json!({ "id": "no number", "k": self.k })),
            key: Value::String(self.k.as_str().into()),
        }
    }

    /// What the engine reads.
    pub fn json(&self) -> Option<String> {
        let w = self.w.map_or("null".to_owned(), |w| w.to_string());
        let (k, v) = (&self.k, self.v);
        if self.malformed {
            return Some(format!(r#"{{"id":"no number","k":"{k}"}}"#));
        }
        if TABLES.contains(&self.topic) {
            return (!self.deletes).then(|| format!(r#"{{"k":"{k}","v":{v},"w":{w}}}"#));
        }
        let (cents, at) = (v * 25 - 30, EventTime::from_micros(self.time));
        let sign = if cents < 0 { "-" } else { "" };
        let x = format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100);
        let (id, j) = (self.id, &self.j);
        Some(format!(r#"{{"id":{id},"k":"{k}","j":"{j}","v":{v},"w":{w},"x":"{x}","at":"{at}"}}"#))
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Event { topic, id, k, j, v, .. } = self;
        let w = self.w.map_or("null".to_owned(), |w| w.to_string());
        if self.deletes {
            return write!(f, "{topic} {k} deleted at {}", self.time);
        }
        if self.malformed {
            return write!(f, "{topic} #{id} {k} malformed at {}", self.time);
        }
        write!(f, "{topic} #{id} {k} {j} v {v} w {w} at {}", self.time)
    }
}

/// How the engine is given the events. What leaves must not depend on it.
#[derive(Clone, Debug)]
pub struct Feed {
    pub partitions: u32,
    /// So many events come together.
    pub together: usize,
    /// Records that go through the operators at a time.
    pub batch: usize,
    /// Behind so many events the worker is closed, and another one goes on.
    pub restart: Option<usize>,
    /// Before the events of this chunk are worked on to the end, the worker is lost after so many steps, and another one goes on.
    pub crash: Option<(usize, usize)>,
    /// The input ends.
    pub ends: bool,
}

#[derive(Clone, Debug)]
pub struct Case {
    /// The topology; `NAME` stands for its name.
    pub text: String,
    pub topics: Vec<&'static str>,
    pub events: Vec<Event>,
    pub feed: Feed,
}

impl Case {
    pub fn text(&self, name: &str) -> String {
        self.text.replace("NAME", name)
    }

    /// Which events come together.
    pub fn chunks(&self) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
        let together = self.feed.together;
        (0..self.events.len())
            .step_by(together)
            .map(move |start| start..self.events.len().min(start + together))
    }
}
