//! `match`: sequences of events.

use super::{AggregateCall, Route};
use crate::expr::Expr;
use crate::schema::{Column, ScalarType, Schema};
use crate::time::Span;
use std::fmt;

/// A sequence of events of one key, in event time. One row for each match, when it is complete.
///
/// The schema has a record for each variable that stands for an event: one that may be missing is nullable, one that repeats
/// is `{ first, last, count }` and its totals; a forbidden or an absent one has none.
#[derive(Clone, PartialEq, Debug)]
pub struct Match {
    pub key: Vec<Expr>,
    pub within: Span,
    pub elements: Vec<MatchElement>,
    pub skip: Skip,
    pub late: Option<Route>,
    pub errors: Option<Route>,
}

/// Where the search goes on behind a match (`AFTER MATCH SKIP` of SQL's `MATCH_RECOGNIZE`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Skip {
    /// At the event behind its first one: matches may have events in common.
    ToNext,
    /// Behind its last event.
    PastLast,
    /// At the first event of an element, by its place.
    ToFirst(usize),
    /// At the last event of an element, by its place.
    ToLast(usize),
}

/// One place of the sequence: one of these.
#[derive(Clone, PartialEq, Debug)]
pub struct MatchElement {
    pub alternatives: Vec<MatchVariable>,
    pub times: Times,
    /// Over the events that it takes; of one that repeats. Arguments are over the columns of the event.
    pub totals: Vec<AggregateCall>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct MatchVariable {
    pub name: String,
    /// Over the columns of the match so far (those of variables before it), then those of the event.
    pub condition: Option<Expr>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Times {
    /// From so many to so many times. (1, Some(1)) is the plain case, (0, Some(1)) an optional one.
    Count { least: u32, most: Option<u32> },
    /// None such may come between its neighbours.
    Not,
    /// None such comes until the time of the match has passed, which completes it.
    Absent,
}

/// As it stands behind a variable.
impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Times::Not | Times::Absent | Times::Count { least: 1, most: Some(1) } => Ok(()),
            Times::Count { least: 0, most: Some(1) } => f.write_str("?"),
            Times::Count { least: 1, most: None } => f.write_str("+"),
            Times::Count { least: 0, most: None } => f.write_str("*"),
            Times::Count { least, most: None } => write!(f, "{{{least},}}"),
            Times::Count { least, most: Some(most) } if least == most => write!(f, "{{{least}}}"),
            Times::Count { least, most: Some(most) } => write!(f, "{{{least},{most}}}"),
        }
    }
}

impl MatchElement {
    /// The columns that a match has of it, for events of this schema.
    pub fn columns(&self, event: &Schema) -> Vec<Column> {
        self.alternatives.iter().flat_map(|variable| self.columns_of(&variable.name, event)).collect()
    }

    fn columns_of(&self, name: &str, event: &Schema) -> Vec<Column> {
        let alternative = self.alternatives.len() > 1;
        let mut columns = Vec::new();
        let mut record = |prefix: &str, nullable: bool| {
            if nullable {
                columns.push(Column::presence(prefix));
            }
            for column in &event.columns {
                let path = format!("{prefix}.{}", column.path);
                columns.push(Column { path, nullable: column.nullable || nullable, ..column.clone() });
            }
        };
        match self.times {
            Times::Not | Times::Absent => {}
            Times::Count { least, most: Some(1) } => record(name, alternative || least == 0),
            Times::Count { least, .. } => {
                record(&format!("{name}.first"), least == 0);
                record(&format!("{name}.last"), least == 0);
                columns.push(Column::new(format!("{name}.count"), ScalarType::Int));
                columns.extend(self.totals.iter().map(|call| {
                    let nullable = call.nullable || (least == 0 && !call.function.has_empty_value());
                    Column { nullable, ..Column::new(format!("{name}.{}", call.name), call.ty) }
                }));
            }
        }
        columns
    }
}
