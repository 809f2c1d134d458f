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

/// Each row is sent as JSON, those of one key one after the other. It waits for that in a topic of the topology's own.
#[derive(Clone, PartialEq, Debug)]
pub struct HttpSink {
    pub url: String,
    pub method: HttpMethod,
    /// As they are in the file: `${env:NAME}` in a value stands for a secret, which is read when a run starts and kept out of the plan.
    pub headers: Vec<(String, String)>,
    /// How long an answer is waited for.
    pub timeout: Span,
    /// The columns whose rows stay in order. Empty: no two rows belong together.
    pub key: Vec<usize>,
    pub retry: Retry,
    /// Where rows go that could not be delivered.
    pub failed: Option<Route>,
    pub format: JsonFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HttpMethod {
    Post,
    Put,
    Patch,
}

impl HttpMethod {
    pub fn name(self) -> &'static str {
        match self {
            HttpMethod::Post => "POST",
            HttpMethod::Put => "PUT",
            HttpMethod::Patch => "PATCH",
        }
    }
}

/// How a row that was not taken is sent again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retry {
    /// Before the second attempt; it doubles with each further one.
    pub first: Span,
    /// No pause is longer.
    pub most: Span,
    pub budget: RetryBudget,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RetryBudget {
    /// Until it is taken.
    Unlimited,
    /// The first one included.
    Attempts(u32),
    /// From the first attempt on.
    Time(Span),
}

impl Default for Retry {
    fn default() -> Retry {
        Retry { first: Span::from_secs(1), most: Span::from_secs(60), budget: RetryBudget::Unlimited }
    }
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
