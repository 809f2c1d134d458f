//! A case: an operator with its parameters, the events that it is given, and how Tidegate is given them.

use serde_json::{Value, json};
use std::fmt;

/// The first time of a case. Far from zero: in Kafka Streams no window begins before the epoch, and no record is older.
pub const BASE: i64 = 1_000_000;
/// So far behind everything else is the event that ends a case: every window is final, every lone event is given out.
pub const FAR: i64 = 10_000;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Inner,
    Left,
    Outer,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Inner => "inner",
            Kind::Left => "left",
            Kind::Outer => "outer",
        }
    }

    /// Is an event of this side given out alone, if it has no partner?
    pub fn alone(self, topic: Topic) -> bool {
        self == Kind::Outer || (self == Kind::Left && topic == Topic::A)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Window {
    /// Tumbling where both are the same.
    Hopping {
        size: i64,
        advance: i64,
    },
    Session {
        gap: i64,
    },
    Sliding {
        size: i64,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Emit {
    /// Of Tidegate `emit final`; of Kafka Streams `EmitStrategy.onWindowClose`.
    Close,
    /// Of Tidegate `emit final`; of Kafka Streams `suppress(untilWindowCloses)`.
    Suppress,
    Changes,
}

impl Emit {
    fn word(self) -> &'static str {
        match self {
            Emit::Close => "close",
            Emit::Suppress => "suppress",
            Emit::Changes => "changes",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operator {
    /// `group by … |> aggregate`, without a window.
    Totals,
    Latest,
    Window {
        window: Window,
        grace: i64,
        emit: Emit,
    },
    JoinStreams {
        kind: Kind,
        before: i64,
        after: i64,
        grace: i64,
    },
    /// `derived`: the table is made of a stream with `latest by`.
    JoinTable {
        kind: Kind,
        derived: bool,
    },
    /// The table has the sum of each key's events: `aggregate`.
    JoinSums {
        kind: Kind,
    },
    JoinTables {
        kind: Kind,
        derived: bool,
    },
    /// The rows of the table `a` grouped by their value modulo 3, with how many there are and their sum.
    AggregateTable,
    /// A row of `a` with the value 2 refers to the row of `b` with the key `k2`, one with a negative value to none.
    JoinForeign {
        kind: Kind,
    },
    /// The events of `c` with the rows of such a join of `a` and `b`.
    LookUpForeign {
        kind: Kind,
        tables: Kind,
    },
    /// The events of `c` with the group of their value among those of the table `a`.
    LookUpGroups {
        kind: Kind,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Topic {
    A,
    B,
    C,
}

impl Topic {
    pub fn name(self) -> &'static str {
        match self {
            Topic::A => "a",
            Topic::B => "b",
            Topic::C => "c",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Event {
    pub topic: Topic,
    pub key: u8,
    /// None deletes the key's row of a table.
    pub value: Option<i64>,
    /// Microseconds here, milliseconds in Kafka Streams.
    pub time: i64,
}

impl Event {
    pub fn key_text(&self) -> String {
        format!("k{}", self.key)
    }
}

/// How Tidegate is given the events. Its answer must not depend on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Feed {
    /// So many events come together, and are committed together.
    pub together: usize,
    /// The worker is closed behind so many events, and another one goes on.
    pub restart: Option<usize>,
    /// The source does not say its key, so that a repartition with partial aggregates is inserted.
    pub regrouped: bool,
    /// Both sides of a join of streams come from one topic, so from one partition.
    pub one_topic: bool,
}

impl Feed {
    pub const PLAIN: Feed = Feed { together: 1, restart: None, regrouped: false, one_topic: false };
}

#[derive(Clone, Debug)]
pub struct Case {
    pub operator: Operator,
    pub events: Vec<Event>,
    pub feed: Feed,
}

impl Case {
    /// What Kafka Streams is asked.
    pub fn question(&self) -> String {
        let mut question = match self.operator {
            Operator::Totals => json!({ "operator": "totals" }),
            Operator::Latest => json!({ "operator": "latest" }),
            Operator::AggregateTable => json!({ "operator": "aggregate_table" }),
            Operator::Window { window, grace, emit } => {
                let (word, size, advance) = match window {
                    Window::Hopping { size, advance } => ("hopping", size, advance),
                    Window::Session { gap } => ("session", gap, 0),
                    Window::Sliding { size } => ("sliding", size, 0),
                };
                json!({
                    "operator": "window", "window": word, "size": size, "advance": advance, "grace": grace,
                    "emit": emit.word(),
                })
            }
            Operator::JoinStreams { kind, before, after, grace } => json!({
                "operator": "join_streams", "kind": kind.word(), "before": before, "after": after, "grace": grace,
            }),
            Operator::JoinTable { kind, derived } => {
                json!({ "operator": "join_table", "kind": kind.word(), "derived": derived })
            }
            Operator::JoinSums { kind } => {
                json!({ "operator": "join_table", "kind": kind.word(), "summed": true })
            }
            Operator::JoinForeign { kind } => {
                json!({ "operator": "join_foreign", "kind": kind.word(), "derived": false })
            }
            Operator::LookUpForeign { kind, tables } => json!({
                "operator": "look_up_foreign", "looks": kind.word(), "kind": tables.word(), "derived": false,
            }),
            Operator::LookUpGroups { kind } => json!({ "operator": "look_up_groups", "looks": kind.word() }),
            Operator::JoinTables { kind, derived } => {
                json!({ "operator": "join_tables", "kind": kind.word(), "derived": derived })
            }
        };
        let event = |event: &Event| json!([event.topic.name(), event.key_text(), event.value, event.time]);
        question["events"] = Value::Array(self.events.iter().map(event).collect());
        question.to_string()
    }

    /// Which events come together.
    pub fn chunks(&self) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
        let together = self.feed.together;
        (0..self.events.len())
            .step_by(together)
            .map(move |start| start..self.events.len().min(start + together))
    }

    /// The watermark of an event's own partition just before it. None: it is the first one.
    pub fn watermark_before(&self, index: usize) -> Option<i64> {
        let topic = self.events[index].topic;
        let earlier = self.events[..index].iter();
        earlier.filter(|event| self.feed.one_topic || event.topic == topic).map(|event| event.time).max()
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.value.map_or("null".to_owned(), |value| value.to_string());
        write!(f, "{} {} {value} at {}", self.topic.name(), self.key_text(), self.time)
    }
}

/// A row of an answer.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Row {
    pub key: String,
    pub window: Option<(i64, i64)>,
    /// An aggregate's results, or the values of both sides; None: the key's row is deleted.
    pub values: Option<Vec<Option<i64>>>,
    /// None where it is not compared.
    pub time: Option<i64>,
}

impl Row {
    /// Is it the row of one event that has no partner?
    pub fn is_alone(&self) -> bool {
        self.values.as_ref().is_some_and(|values| values.len() == 2 && values.contains(&None))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.key)?;
        if let Some((start, end)) = self.window {
            write!(f, " {start}..{end}")?;
        }
        match &self.values {
            None => write!(f, " deleted")?,
            Some(values) => {
                for value in values {
                    match value {
                        Some(value) => write!(f, " {value}")?,
                        None => write!(f, " null")?,
                    }
                }
            }
        }
        match self.time {
            Some(time) => write!(f, " at {time}"),
            None => Ok(()),
        }
    }
}

/// The rows of each step, for people.
pub fn told(steps: &[Vec<Row>]) -> String {
    let mut text = String::new();
    for (index, rows) in steps.iter().enumerate() {
        for row in rows {
            text.push_str(&format!("  {index:>3}: {row}\n"));
        }
    }
    text
}
