//! Sources and sinks that are no topics.

use super::{JsonFormat, Route, SourceTime};
use crate::time::Span;
use crate::value::Value;

/// Each answer is JSON; its items become events.
#[derive(Clone, PartialEq, Debug)]
pub struct HttpPoll {
    pub url: String,
    pub every: Span,
    /// Where in an answer the events are, such as `$.data.stations[*]`; None: the answer is one event.
    pub items: Option<String>,
    pub key: Option<usize>,
    pub time: SourceTime,
    pub malformed: Option<Route>,
}

/// Demo data.
#[derive(Clone, PartialEq, Debug)]
pub struct Generate {
    pub every: Span,
    pub seed: u64,
    /// None: without end.
    pub count: Option<u64>,
    /// One for each column of the schema.
    pub columns: Vec<Generator>,
    pub key: Option<usize>,
    pub time: SourceTime,
}

/// How the value of one column is made up.
#[derive(Clone, PartialEq, Debug)]
pub enum Generator {
    Constant(Value),
    /// Each with the same chance.
    Pick(Vec<Value>),
    /// Evenly, both ends included.
    Between(Value, Value),
    /// 1, 2, 3…; of a string column behind this prefix.
    Sequence(String),
    /// The time at which the event is made.
    Now,
    /// True with this chance.
    Chance(f64),
}

/// Each row is posted as JSON.
#[derive(Clone, PartialEq, Debug)]
pub struct HttpSink {
    pub url: String,
    pub retry: Option<Retry>,
    /// Where rows go that could not be delivered.
    pub failed: Option<Route>,
    pub format: JsonFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retry {
    pub first: Span,
    pub most: Span,
    pub attempts: u32,
}

/// Each row is sent to everybody who is connected.
#[derive(Clone, PartialEq, Debug)]
pub struct WebSocketSink {
    pub path: String,
    /// `inputs[1]` is a table whose rows a new connection gets first.
    pub snapshot: bool,
    pub format: JsonFormat,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Serve {
    /// `/stations/{station_id}`
    pub path: String,
    /// The columns that the path's places stand for, in their order.
    pub key: Vec<usize>,
    pub format: JsonFormat,
}
