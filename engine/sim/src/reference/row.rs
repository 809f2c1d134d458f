//! What the nodes of a plan give to each other, with the moment at which it was given.

use std::cmp::Ordering;
use tidegate_model::Value;

/// Before everything.
pub const START: i64 = i64::MIN;
/// Behind everything: the watermark of an input that has ended.
pub const END: i64 = i64::MAX;

/// What makes a task work, in the order in which it happens within one moment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Phase {
    Event,
    Watermark,
    Commit,
}

/// When something is given out: the moment (an event of the input is read at each), how many repartitions lie behind it, and why.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct At {
    pub moment: usize,
    pub hop: usize,
    pub phase: Phase,
}

/// An event, or a change of a table, on its way.
#[derive(Clone, Debug)]
pub struct Row {
    pub at: At,
    pub partition: usize,
    pub time: i64,
    /// Own watermark. What an operator has made of what it kept is late for nobody.
    pub own: i64,
    pub values: Vec<Value>,
    /// It deletes its key's row: of the values only the key's columns mean something.
    pub deleted: bool,
    /// The event of the input that it is or was made of.
    pub origin: Option<usize>,
}

impl Row {
    /// A row that an operator makes of what it kept.
    pub fn made(at: At, partition: usize, time: i64, values: Vec<Value>) -> Row {
        Row { at, partition, time, own: START, values, deleted: false, origin: None }
    }

    /// The same event with other values.
    pub fn with(&self, values: Vec<Value>) -> Row {
        Row { values, ..self.clone() }
    }
}

/// What a node gives, and what it sets aside as late, or since an expression fails for it: (the input that it came by, the row).
#[derive(Default)]
pub struct Given {
    pub rows: Vec<Row>,
    pub late: Vec<(usize, Row)>,
    pub failed: Vec<(usize, Row)>,
}

impl Given {
    pub fn rows(rows: Vec<Row>) -> Given {
        Given { rows, ..Given::default() }
    }

    /// In the order in which they are given; at one moment as they stand.
    pub fn in_order(mut self) -> Given {
        self.rows.sort_by_key(|row| row.at);
        self
    }
}

/// Values in the order of their type, so that they can be the key of a map.
#[derive(Clone, Debug)]
pub struct Key(pub Vec<Value>);

impl Ord for Key {
    fn cmp(&self, other: &Key) -> Ordering {
        let pairs = self.0.iter().zip(&other.0);
        let differs = pairs.map(|(a, b)| a.compare(b)).find(|order| order.is_ne());
        differs.unwrap_or_else(|| self.0.len().cmp(&other.0.len()))
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Key) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Key {}
