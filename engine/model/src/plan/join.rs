//! Joins.

use super::Route;
use crate::expr::Expr;
use crate::schema::{Column, ScalarType, Schema};
use crate::time::Span;

/// `inputs[0]` is the stream, `inputs[1]` the [`Table`]. The schema is the stream's columns, then (left join) the presence
/// column `alias`, then the table's columns under `alias.`.
#[derive(Clone, PartialEq, Debug)]
pub struct JoinTable {
    /// Over the stream's columns: the table's key. Where a part of it is null, no row is found.
    pub key: Vec<Expr>,
    pub left: bool,
    pub alias: String,
    /// The key columns of `inputs[1]` where the join keeps its rows: of a table that is made from a stream, and where `as_of` asks for earlier rows.
    pub derived: Option<Vec<usize>>,
    /// The row that was the key's at this time, in place of the last one.
    pub as_of: Option<Expr>,
    /// How far back from the newest row earlier ones are kept. None: for ever.
    pub history: Option<Span>,
    /// Over the joined columns; a row for which it is not true is no match. (An inner join has a filter behind it instead.)
    pub condition: Option<Expr>,
    pub errors: Option<Route>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JoinKind {
    Inner,
    Left,
    Outer,
}

/// Pairs of events of equal keys whose times are near: `other.time` in [time - before, time + after]. The schema is the
/// left columns (behind a presence column each side has where it may be missing), then the right ones under `alias.`.
#[derive(Clone, PartialEq, Debug)]
pub struct JoinStreams {
    pub kind: JoinKind,
    pub left_key: Vec<Expr>,
    pub right_key: Vec<Expr>,
    pub before: Span,
    pub after: Span,
    /// How much later than its time an event may come.
    pub grace: Span,
    pub alias: String,
    /// Over the joined columns.
    pub condition: Option<Expr>,
    pub late: Option<Route>,
    pub errors: Option<Route>,
}

/// Two tables become one, whose rows change when a row of either does.
#[derive(Clone, PartialEq, Debug)]
pub struct JoinTables {
    pub kind: JoinKind,
    /// Over the left columns: the right table's key. Of a foreign key any part may be null.
    pub key: Vec<Expr>,
    /// The key columns of the left and of the right table.
    pub left_key: Vec<usize>,
    pub right_key: Vec<usize>,
    /// The key is another than the left table's own: a right row belongs to many left ones, and lies in another partition. `inputs[1]` is
    /// then the [`Answer`].
    pub foreign: bool,
    pub alias: String,
    pub condition: Option<Expr>,
    pub errors: Option<Route>,
}

/// Of a join by a foreign key, beside the left table: it asks the right table's tasks for the rows that left rows refer to, by an internal topic.
/// Its schema is [`Ask::schema`].
#[derive(Clone, PartialEq, Debug)]
pub struct Ask {
    pub topic: String,
    /// Over the left columns: the right table's key. Null refers to nothing.
    pub key: Vec<Expr>,
    /// Which parts of it decide in which partition the right row is.
    pub place: Vec<usize>,
    pub left_key: Vec<usize>,
}

/// Of a join by a foreign key, beside the right table (`inputs[0]`): it answers each [`Ask`] (`inputs[1]`) now, and again when the row changes, by
/// an internal topic. Its schema is [`Answer::schema`].
#[derive(Clone, PartialEq, Debug)]
pub struct Answer {
    pub topic: String,
    pub right_key: Vec<usize>,
}

impl Ask {
    /// Columns of [`Ask::schema`]: the right row's key, and the left row's, in the form of stores.
    pub const REFERENCE: usize = 0;
    pub const LEFT: usize = 1;
    /// The partition that asks.
    pub const PARTITION: usize = 2;
    /// The left row refers to it no more.
    pub const ENDS: usize = 3;

    pub fn schema() -> Schema {
        Schema::new(vec![
            Column::new("reference", ScalarType::Bytes),
            Column::new("left", ScalarType::Bytes),
            Column::new("partition", ScalarType::Int),
            Column::new("ends", ScalarType::Bool),
        ])
    }
}

impl Answer {
    pub const REFERENCE: usize = 0;
    pub const LEFT: usize = 1;
    /// Is there a right row?
    pub const THERE: usize = 2;
    /// From here on: the right row's columns.
    pub const ROW: usize = 3;

    pub fn schema(right: &Schema) -> Schema {
        let mut columns = vec![
            Column::new("reference", ScalarType::Bytes),
            Column::new("left", ScalarType::Bytes),
            Column::new("there", ScalarType::Bool),
        ];
        let row = right.columns.iter();
        columns.extend(row.map(|column| Column {
            path: format!("row.{}", column.path),
            nullable: true,
            ..column.clone()
        }));
        Schema::new(columns)
    }
}
