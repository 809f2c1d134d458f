//! The plan: what `dsl` proves and `engine` runs. A graph of nodes in topological order, cut into sub-topologies by repartitions.
//!
//! Names are identity: a store or an internal topic is `<topology>.<stream>.<step>`; nothing is numbered by position.

mod connector;
mod join;
mod lacking;
mod pattern;
mod routes;
mod window;

use crate::expr::Expr;
use crate::ids::{NodeId, SubtopologyId};
use crate::schema::{ScalarType, Schema};
use crate::time::Span;
use crate::value::Value;
pub use connector::{
    Generate, Generator, HttpMethod, HttpPoll, HttpSink, Retry, RetryBudget, Serve, WebSocketSink,
};
pub use join::{Answer, Ask, JoinKind, JoinStreams, JoinTable, JoinTables};
pub use pattern::{Match, MatchElement, MatchVariable, Skip, Times};
pub use routes::NodeRoute;
pub use window::{Window, WindowShape};

#[derive(Clone, PartialEq, Debug)]
pub struct Plan {
    pub topology: String,
    /// In topological order: a node's inputs stand before it. `NodeId(i)` is `nodes[i]`.
    pub nodes: Vec<Node>,
    /// Which node a `stream`, `table` or `source` name stands for, in the order of the file: (name, its last node).
    pub names: Vec<(String, NodeId)>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    pub id: NodeId,
    /// `<stream>.<step>`; for a source, table or sink its own name. Unique within the plan, and stable when other steps come and go.
    pub name: String,
    pub kind: NodeKind,
    pub inputs: Vec<NodeId>,
    pub subtopology: SubtopologyId,
    /// The columns of what this node gives out. A sink gives its input's.
    pub schema: Schema,
    /// Line of the topology file, counted from 1, for errors at run time.
    pub line: u32,
}

#[derive(Clone, PartialEq, Debug)]
pub enum NodeKind {
    Source(Source),
    /// A compacted topic as a table, materialized in a store; only ever the right input of a [`JoinTable`].
    Table(Table),
    /// An HTTP address that is asked again and again.
    HttpPoll(HttpPoll),
    /// Made-up events, the same for the same seed.
    Generate(Generate),
    Filter(Filter),
    Map(Map),
    /// One event for each element of a list.
    Expand(Expand),
    /// The events of all inputs; their schemas are equal, but that one may be known to have no null where another may.
    Merge,
    /// The end of one sub-topology and an input of the next: events go through an internal topic, by a new key.
    Repartition(Repartition),
    Rekey(Rekey),
    Aggregate(Aggregate),
    Rolling(Rolling),
    JoinTable(JoinTable),
    JoinStreams(JoinStreams),
    JoinTables(JoinTables),
    Ask(Ask),
    Answer(Answer),
    Match(Match),
    Dedupe(Dedupe),
    Latest(Latest),
    Changes(Changes),
    Top(Top),
    Schedule(Schedule),
    Sink(Sink),
    HttpSink(HttpSink),
    WebSocketSink(WebSocketSink),
    /// A table whose rows are answered over HTTP.
    Serve(Serve),
}

impl NodeKind {
    /// The internal topic by which what it gives out comes to its consumers; they may be in any partition of any sub-topology.
    pub fn internal_topic(&self) -> Option<&str> {
        match self {
            NodeKind::Repartition(repartition) => Some(&repartition.topic),
            NodeKind::Rekey(rekey) => Some(&rekey.topic),
            NodeKind::Ask(ask) => Some(&ask.topic),
            NodeKind::Answer(answer) => Some(&answer.topic),
            _ => None,
        }
    }

    /// What comes from it tells the event time to the nodes that read it, and not to the whole task: the parts of a join by a foreign key ask and
    /// answer each other, and would wait for each other.
    pub fn is_apart(&self) -> bool {
        matches!(self, NodeKind::Ask(_) | NodeKind::Answer(_))
    }

    /// The language's word for it.
    pub fn keyword(&self) -> &'static str {
        match self {
            NodeKind::Source(_) => "source",
            NodeKind::Table(_) => "table",
            NodeKind::Filter(_) => "filter",
            NodeKind::Map(_) => "map",
            NodeKind::Expand(_) => "expand",
            NodeKind::Merge => "merge",
            NodeKind::Repartition(_) => "repartition",
            NodeKind::Rekey(_) => "rekey",
            NodeKind::Aggregate(_) => "aggregate",
            NodeKind::Rolling(_) => "rolling",
            NodeKind::JoinTable(_) | NodeKind::JoinStreams(_) | NodeKind::JoinTables(_) => "join",
            NodeKind::Ask(_) => "ask",
            NodeKind::Answer(_) => "answer",
            NodeKind::Match(_) => "match",
            NodeKind::Dedupe(_) => "dedupe",
            NodeKind::Latest(_) => "latest",
            NodeKind::Changes(_) => "changes",
            NodeKind::Top(_) => "top",
            NodeKind::Schedule(_) => "schedule",
            NodeKind::HttpPoll(_) | NodeKind::Generate(_) => "source",
            NodeKind::Sink(_) | NodeKind::HttpSink(_) | NodeKind::WebSocketSink(_) => "sink",
            NodeKind::Serve(_) => "serve",
        }
    }
}

/// A topic of the user's, read as JSON.
#[derive(Clone, PartialEq, Debug)]
pub struct Source {
    pub topic: String,
    /// The column that is the record's key, if the source declares one. It must be the string form of that column.
    pub key: Option<usize>,
    pub time: SourceTime,
    pub malformed: Option<Route>,
}

#[derive(Clone, PartialEq, Debug, Default)]
pub struct SourceTime {
    /// The column of type timestamp; without one the record's own timestamp is the event time.
    pub column: Option<usize>,
    /// How much later than its successors an event may come.
    pub out_of_order: Span,
    /// After how long a silence (wall clock) a partition stops holding back the others. None: never.
    pub idle: Option<Span>,
    /// An event whose time is farther ahead of the machine's clock is malformed. None: however far.
    pub ahead: Option<Span>,
}

/// Where events go that cannot be used, with the cause in their headers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Route {
    pub topic: String,
}

/// The whole record is the table's row; its schema is the node's. A null payload deletes.
#[derive(Clone, PartialEq, Debug)]
pub struct Table {
    pub topic: String,
    /// The column that is the record's key.
    pub key: usize,
    /// Every worker holds all of it in memory, so that a join needs no repartition.
    pub global: bool,
    /// How long a row that was replaced can still be asked for by its time, from the newest row on. None: for ever.
    pub history: Option<Span>,
    /// A row whose time (its record's) is so far behind the watermark is deleted. None: never.
    pub ttl: Option<Span>,
    pub malformed: Option<Route>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Filter {
    /// Of type bool.
    pub predicate: Expr,
    /// It stands behind the step that makes a table: a row that does not pass, or for which it fails, deletes its key's row.
    pub of_table: bool,
    pub errors: Option<Route>,
}

/// One expression for each column of the node's schema.
#[derive(Clone, PartialEq, Debug)]
pub struct Map {
    pub columns: Vec<Expr>,
    /// Of a table's rows: one for which an expression fails deletes its key's row.
    pub of_table: bool,
    pub errors: Option<Route>,
}

/// The schema is the input's columns, then what is made of the element. An event whose list is empty or null gives nothing, or
/// (`left`) one event without an element.
#[derive(Clone, PartialEq, Debug)]
pub struct Expand {
    /// Over the input's columns.
    pub list: Expr,
    pub left: bool,
    /// The columns behind the input's. The element is the column just behind the input's last one.
    pub columns: Vec<Expr>,
    pub errors: Option<Route>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Repartition {
    /// The internal topic's name, with the topology's: `payment_volume.hourly.by-currency`.
    pub topic: String,
    /// What the events are partitioned by from here on, over the input's columns.
    pub key: Vec<Expr>,
    /// Set where one partial aggregate for each key and commit travels in place of the events. The one [`Aggregate`]
    /// that reads this repartition then combines partials; it holds the window, the grace and the functions.
    pub partial: bool,
    pub errors: Option<Route>,
}

/// Grouped aggregation, windowed or not. Its schema: the key columns, then (windowed) `window.start` and `window.end`
/// as timestamps, then one column for each function.
///
/// Where its input is a [`Repartition`] with `partial`, `key` and the functions' arguments are still over the columns of the
/// repartition's *input*: the engine evaluates them upstream.
#[derive(Clone, PartialEq, Debug)]
pub struct Aggregate {
    pub key: Vec<Expr>,
    /// Where it adds up a table's rows as they are: the columns of the table's key. Such a table's key has `key` in it, or it comes by a [`Rekey`].
    pub row_key: Option<Vec<usize>>,
    pub window: Option<Window>,
    pub functions: Vec<AggregateCall>,
    pub emit: Emit,
    /// A row whose last event's time is so far behind the watermark is deleted (without windows). None: never.
    pub ttl: Option<Span>,
    pub errors: Option<Route>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct AggregateCall {
    /// The column it makes.
    pub name: String,
    pub function: AggregateFunction,
    /// None for `count()`; for `min_by` and `max_by` a record of the value and what it is ordered by; else what is aggregated. Nulls are skipped, as in SQL.
    pub argument: Option<Expr>,
    /// Of the result. Sum of decimal(p,s) is decimal(38,s); avg of decimal(p,s) is decimal(38,s+4 up to 18) rounded half to even;
    /// avg of int is float.
    pub ty: ScalarType,
    /// Everything but counts and lists is null over no values.
    pub nullable: bool,
    /// Of `histogram`: ascending, of the argument's type. Empty for all others.
    pub bounds: Vec<Value>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AggregateFunction {
    Count,
    Sum,
    Min,
    Max,
    Avg,
    /// By event time; among equal times the first that was read.
    First,
    /// By event time; among equal times the last that was read.
    Last,
    /// A list of the values, nulls passed over: the first `limit` in the order read.
    Collect {
        limit: u32,
    },
    /// A list of the different values, least first: of the first `limit` that differ.
    CollectDistinct {
        limit: u32,
    },
    /// For how many events a condition is true.
    CountIf,
    /// Is a condition true for one of the events?
    Any,
    /// Is it true for each?
    All,
    /// Exact, of at most [`DISTINCT_MAX`] values; more are an error.
    CountDistinct,
    /// At a standard error of 1.6 %.
    ApproxCountDistinct,
    /// Of a sample (n - 1), as a float; null of less than two values.
    Variance,
    /// As `Variance`; of durations a duration.
    StdDev,
    /// The least value that at least this share of the values does not exceed: exact of up to 64, else at most 1 % off. Of ints and floats
    /// a float; of decimals and durations of the argument's type.
    Percentile {
        millionths: u32,
    },
    /// The percentile at a half.
    Median,
    /// Records of value and count, exact; of at most [`DISTINCT_MAX`] different values.
    TopK {
        k: u32,
    },
    /// The value that is seen most often, as `TopK`.
    Mode,
    /// How many values lie below the first bound, between each two, and from the last one on.
    Histogram,
    /// The value at the least of another one; among equal ones the least value.
    MinBy,
    MaxBy,
}

/// So many different values of one key are kept where all of them are needed.
pub const DISTINCT_MAX: usize = 10_000;

impl AggregateFunction {
    /// Is there a value over no events, and not null?
    pub fn has_empty_value(self) -> bool {
        use AggregateFunction::*;
        let is_list = matches!(self, Collect { .. } | CollectDistinct { .. } | TopK { .. } | Histogram);
        is_list || matches!(self, Count | CountIf | CountDistinct | ApproxCountDistinct)
    }

    /// Does it go by the times of the events?
    pub fn is_timed(self) -> bool {
        matches!(self, AggregateFunction::First | AggregateFunction::Last)
    }

    /// The language's word for it.
    pub fn keyword(self) -> &'static str {
        match self {
            AggregateFunction::Count => "count",
            AggregateFunction::Sum => "sum",
            AggregateFunction::Min => "min",
            AggregateFunction::Max => "max",
            AggregateFunction::Avg => "avg",
            AggregateFunction::First => "first",
            AggregateFunction::Last => "last",
            AggregateFunction::Collect { .. } => "collect",
            AggregateFunction::CollectDistinct { .. } => "collect_distinct",
            AggregateFunction::CountIf => "count_if",
            AggregateFunction::Any => "any",
            AggregateFunction::All => "all",
            AggregateFunction::CountDistinct => "count_distinct",
            AggregateFunction::ApproxCountDistinct => "approx_count_distinct",
            AggregateFunction::Variance => "variance",
            AggregateFunction::StdDev => "stddev",
            AggregateFunction::Percentile { .. } => "percentile",
            AggregateFunction::Median => "median",
            AggregateFunction::TopK { .. } => "top_k",
            AggregateFunction::Mode => "mode",
            AggregateFunction::Histogram => "histogram",
            AggregateFunction::MinBy => "min_by",
            AggregateFunction::MaxBy => "max_by",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Emit {
    /// One row for each key and window, once, when the watermark reaches the window's end plus grace.
    Final,
    /// The row of each changed key (and window) at every commit.
    Changes,
    /// As `Changes`, at most once in this time.
    Every(Span),
}

/// One row for each event: its columns and the aggregates over its key's events in (time - range, time], in the order read.
#[derive(Clone, PartialEq, Debug)]
pub struct Rolling {
    pub key: Vec<Expr>,
    /// Zero where `rows` is set.
    pub range: Span,
    /// The range is so many of the key's last events, in place of a time.
    pub rows: Option<u32>,
    /// Events are kept summed up by this length of time: less state, and the range's far end is as coarse.
    pub granularity: Option<Span>,
    /// Events are put in the order of their times before: a row is given out when nothing earlier can come.
    pub ordered: bool,
    /// Leave the event itself out.
    pub excluding_current: bool,
    pub functions: Vec<AggregateCall>,
    /// Of one that is ordered.
    pub late: Option<Route>,
    pub errors: Option<Route>,
}

/// The last event of each key, as a table.
#[derive(Clone, PartialEq, Debug)]
pub struct Latest {
    pub key: Vec<Expr>,
    /// A row whose time is so far behind the watermark is deleted. None: never.
    pub ttl: Option<Span>,
    pub errors: Option<Route>,
}

/// A table's rows as they change: the columns of the row, then the presence column `old` and the columns of the row before under
/// `old.`. A deleted row gives no event.
#[derive(Clone, PartialEq, Debug)]
pub struct Changes {
    /// The table's key columns.
    pub key: Vec<usize>,
    /// Over this node's columns.
    pub predicate: Option<Expr>,
    pub errors: Option<Route>,
}

/// A table's rows on their way to where those of another key are together: a row that has another key than before is taken from where it was.
/// The schema is the table's columns, then [`Rekey::GONE`]: true where the row is none of this key any more; then only the columns of both keys hold
/// anything.
#[derive(Clone, PartialEq, Debug)]
pub struct Rekey {
    pub topic: String,
    /// The columns of the new key, in the table's schema.
    pub key: Vec<usize>,
    /// The columns of the table's own key.
    pub row_key: Vec<usize>,
}

impl Rekey {
    pub const GONE: &str = "gone";
}

/// A table of the first `count` rows of each key in an order, with their `rank` from 1. The schema is the columns of the rows, then the rank.
#[derive(Clone, PartialEq, Debug)]
pub struct Top {
    pub count: u32,
    pub order: Vec<OrderBy>,
    /// Columns of the rows. Empty: of all.
    pub key: Vec<usize>,
    /// Where the rows are a table's: the columns of its key. Such a table's key has `key` in it, or comes by a [`Rekey`].
    pub row_key: Option<Vec<usize>>,
    pub errors: Option<Route>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct OrderBy {
    pub expr: Expr,
    pub descending: bool,
}

/// Holds each event back until its time has come.
#[derive(Clone, PartialEq, Debug)]
pub struct Schedule {
    /// A timestamp.
    pub at: Expr,
    pub key: Vec<Expr>,
    /// An event takes the place of one of its key that waits.
    pub replace: bool,
    /// An event for which this is true only takes the waiting one away.
    pub cancel: Option<Expr>,
    /// By the machine's clock, and not by event time.
    pub wall_clock: bool,
    pub errors: Option<Route>,
}

/// Lets the first event of a key pass, and none of that key whose event time is less than `within` from one that passed.
#[derive(Clone, PartialEq, Debug)]
pub struct Dedupe {
    pub key: Vec<Expr>,
    pub within: Span,
    pub errors: Option<Route>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Sink {
    pub topic: String,
    pub key: SinkKey,
    /// The events leave as the bytes they came in: only filters, merges and dedupes lie between source and sink.
    pub pass_through: bool,
    /// The topic keeps the last row of each key.
    pub compacted: bool,
    pub format: JsonFormat,
}

/// What the output record's key is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SinkKey {
    /// These columns. One column: its plain text. Several: a JSON object of them. `window.start` and `window.end` are columns too.
    Columns(Vec<usize>),
    /// No key: records are spread over the partitions by the partition they came from.
    None,
    /// The key bytes that the record came with (only where it passes through).
    Original,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct JsonFormat {
    pub decimals: DecimalFormat,
    pub timestamps: TimestampFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum DecimalFormat {
    #[default]
    String,
    Number,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TimestampFormat {
    #[default]
    Rfc3339,
    EpochMillis,
}

impl Plan {
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// The nodes that read what `id` gives out.
    pub fn consumers(&self, id: NodeId) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(move |node| node.inputs.contains(&id))
    }

    pub fn subtopologies(&self) -> u32 {
        self.nodes.iter().map(|node| node.subtopology.0 + 1).max().unwrap_or(0)
    }

    /// Do the events of this node still have the bytes they came in? Filters, merges and dedupes keep them.
    pub fn passes_through(&self, id: NodeId) -> bool {
        let node = self.node(id);
        match &node.kind {
            NodeKind::Source(_) => true,
            NodeKind::Filter(_) | NodeKind::Merge | NodeKind::Dedupe(_) => {
                node.inputs.iter().all(|input| self.passes_through(*input))
            }
            _ => false,
        }
    }

    /// Do the events of this node bring along the bytes that they were made of?
    pub fn keeps_bytes(&self, id: NodeId) -> bool {
        let node = self.node(id);
        match &node.kind {
            NodeKind::Source(_) => true,
            NodeKind::Merge => node.inputs.iter().all(|input| self.keeps_bytes(*input)),
            NodeKind::Filter(_)
            | NodeKind::Map(_)
            | NodeKind::Expand(_)
            | NodeKind::JoinTable(_)
            | NodeKind::Dedupe(_) => self.keeps_bytes(node.inputs[0]),
            NodeKind::Rolling(rolling) => !rolling.ordered && self.keeps_bytes(node.inputs[0]),
            _ => false,
        }
    }

    /// The right table of a join of tables.
    pub fn right_table(&self, join: &Node) -> &Node {
        let right = self.node(join.inputs[1]);
        if matches!(right.kind, NodeKind::Answer(_)) { self.node(right.inputs[0]) } else { right }
    }

    /// The topics that feed a sub-topology, internal ones included, with the node that reads each (for an internal topic, the node that writes it).
    pub fn inputs_of(&self, subtopology: SubtopologyId) -> Vec<(&str, &Node)> {
        let mut inputs = Vec::new();
        for node in &self.nodes {
            match &node.kind {
                NodeKind::Source(source) if node.subtopology == subtopology => {
                    inputs.push((source.topic.as_str(), node))
                }
                NodeKind::Table(table) if node.subtopology == subtopology && !table.global => {
                    inputs.push((table.topic.as_str(), node))
                }
                kind => {
                    let Some(topic) = kind.internal_topic() else { continue };
                    if self.consumers(node.id).any(|consumer| consumer.subtopology == subtopology) {
                        inputs.push((topic, node));
                    }
                }
            }
        }
        inputs
    }

    /// The nodes of a sub-topology that keep state; each has one store, named like the node.
    pub fn stores_of(&self, subtopology: SubtopologyId) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(move |node| node.subtopology == subtopology && node.has_store())
    }

    /// `<topology>.<node>-changelog`
    pub fn changelog_topic(&self, node: &Node) -> String {
        node.changelog_topic(&self.topology)
    }
}

impl Node {
    /// The step that it is a part of, by its name: `alerts.map` for `alerts.map-keep`, too.
    pub fn step(&self) -> &str {
        let part = ["-keep", "-where", "-expand", "-asks", "-answers", "-moves"]
            .iter()
            .find_map(|part| self.name.strip_suffix(part));
        part.unwrap_or(&self.name)
    }

    /// `<topology>.<node>-changelog`
    pub fn changelog_topic(&self, topology: &str) -> String {
        format!("{topology}.{}-changelog", self.name)
    }

    /// `<topology>.<sink>-outbox`: where the rows of an `http` sink wait to be delivered.
    pub fn outbox_topic(&self, topology: &str) -> Option<String> {
        matches!(self.kind, NodeKind::HttpSink(_)).then(|| format!("{topology}.{}-outbox", self.name))
    }

    /// Are keys of its store found by their neighbours?
    pub fn has_ordered_store(&self) -> bool {
        if let NodeKind::Top(top) = &self.kind {
            return top.row_key.is_some();
        }
        let NodeKind::Aggregate(aggregate) = &self.kind else { return false };
        let has_order = |window: &Window| matches!(window.shape, WindowShape::Session | WindowShape::Sliding);
        aggregate.row_key.is_some() || aggregate.window.as_ref().is_some_and(has_order)
    }

    pub fn has_store(&self) -> bool {
        if let NodeKind::JoinTable(join) = &self.kind {
            return join.derived.is_some();
        }
        if let NodeKind::Table(table) = &self.kind {
            return !table.global;
        }
        matches!(
            self.kind,
            NodeKind::Rekey(_)
                | NodeKind::Aggregate(_)
                | NodeKind::Rolling(_)
                | NodeKind::JoinStreams(_)
                | NodeKind::JoinTables(_)
                | NodeKind::Ask(_)
                | NodeKind::Answer(_)
                | NodeKind::Match(_)
                | NodeKind::Dedupe(_)
                | NodeKind::Latest(_)
                | NodeKind::Changes(_)
                | NodeKind::Top(_)
                | NodeKind::Schedule(_)
        )
    }
}
