//! What an operator is: synchronous, without I/O and without a clock of its own.

use crate::accumulator::ResultError;
use crate::batch::Batch;
use crate::clock::WallTime;
use crate::globals::Globals;
use crate::log::{LogError, Outgoing, TopicHandle, Writer};
use crate::partials::Partials;
use crate::place::Place;
use crate::table_rows::TableRows;
use crate::watermark::Upstream;
use std::sync::Arc;
use thiserror::Error;
use tidegate_model::partition::partition_for;
use tidegate_model::{EventTime, PartitionId};
use tidegate_state::{CodecError, StateError, Store, WriteSet};

/// One step of a sub-topology, for one partition.
///
/// Rows come by `on_batch`, in the order read. What it gives out goes into [`Context::emitted`].
pub trait Operator {
    /// `port` is the index of the input that the batch comes from.
    fn on_batch(&mut self, port: usize, batch: Batch, context: &mut Context<'_>) -> Result<(), TaskError>;

    /// Does it know what a deletion is? To those that work on events, and not on a table, none is given.
    fn takes_deletions(&self) -> bool {
        false
    }

    /// Partial aggregates from an internal topic; only an aggregate that combines them is given any.
    fn on_partials(&mut self, _partials: Partials, _context: &mut Context<'_>) -> Result<(), TaskError> {
        unreachable!("only an aggregate reads partials")
    }

    /// No event older than `watermark` is expected at this operator. Returns what its own consumers may expect.
    fn on_watermark(
        &mut self,
        watermark: EventTime,
        _context: &mut Context<'_>,
    ) -> Result<EventTime, TaskError> {
        Ok(watermark)
    }

    /// A commit is coming: whatever has been held back for it is emitted or sent now.
    fn on_commit(&mut self, _context: &mut Context<'_>) -> Result<(), TaskError> {
        Ok(())
    }

    /// Writes every change of state since the last commit.
    fn flush(&mut self, _writes: &mut WriteSet) {}

    /// The commit succeeded: what was flushed is in the store.
    fn committed(&mut self) {}

    /// Bytes that wait for the next commit, roughly.
    fn uncommitted_bytes(&self) -> usize {
        0
    }

    /// Has anything changed since the last commit?
    fn has_uncommitted(&self) -> bool {
        self.uncommitted_bytes() > 0
    }

    /// Is there something, besides rows, that only a commit lets out (so that a commit is worth making)?
    fn has_pending(&self, _upstream: Upstream, _now: WallTime) -> bool {
        false
    }
}

/// What an operator may use while it works.
pub struct Context<'a> {
    pub store: &'a Store,
    /// The tables of this task, by their number in the graph.
    pub tables: &'a mut [TableRows],
    /// The tables of which every worker has all rows.
    pub globals: &'a Globals,
    pub out: &'a mut dyn Outlet,
    pub emitted: Vec<Batch>,
    /// Of a table whose changes wait for a commit: rows as they are now, for those that look them up.
    pub current: Vec<Batch>,
    /// The watermark of this operator's inputs before the batch.
    pub watermark: EventTime,
    /// All inputs of the task are silent.
    pub idle: bool,
    pub now: WallTime,
    pub partition: PartitionId,
    pub counters: &'a mut Counters,
}

impl Context<'_> {
    /// Where a row goes in a topic of `partitions` (at least one): to that of its key, or, without one, to that of its task.
    pub fn partition_of(&self, key: Option<&[u8]>, partitions: u32) -> PartitionId {
        match key {
            Some(key) => partition_for(key, partitions),
            None => PartitionId(self.partition.0.rem_euclid(partitions as i32)),
        }
    }

    /// What downstream tasks are told about this task's event time.
    pub fn upstream(&self) -> Upstream {
        Upstream { watermark: self.watermark, idle: self.idle }
    }
}

/// Where records leave the task; every [`Writer`] is one.
pub trait Outlet {
    fn send(&mut self, record: Outgoing<'_>) -> Result<(), LogError>;

    /// See [`Writer::send_changelog`].
    fn send_changelog(
        &mut self,
        topic: TopicHandle,
        partition: PartitionId,
        changes: &mut dyn Iterator<Item = (&[u8], Option<&[u8]>)>,
    ) -> Result<(), LogError>;

    fn partitions(&self, topic: TopicHandle) -> u32;
}

impl<W: Writer> Outlet for W {
    fn send(&mut self, record: Outgoing<'_>) -> Result<(), LogError> {
        Writer::send(self, record)
    }

    fn send_changelog(
        &mut self,
        topic: TopicHandle,
        partition: PartitionId,
        changes: &mut dyn Iterator<Item = (&[u8], Option<&[u8]>)>,
    ) -> Result<(), LogError> {
        Writer::send_changelog(self, topic, partition, changes)
    }

    fn partitions(&self, topic: TopicHandle) -> u32 {
        Writer::partitions(self, topic)
    }
}

/// What a task has done since it was opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    pub records_in: u64,
    pub records_out: u64,
    pub malformed: u64,
    pub late: u64,
    pub errors: u64,
    /// Rows of tables that were deleted since their time to live was over.
    pub expired: u64,
}

impl Counters {
    pub fn add(&mut self, other: &Counters) {
        self.records_in += other.records_in;
        self.records_out += other.records_out;
        self.malformed += other.malformed;
        self.late += other.late;
        self.errors += other.errors;
        self.expired += other.expired;
    }
}

/// How many rows a node has taken, and how many it has given out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RowCount {
    pub taken: u64,
    pub given: u64,
}

impl TaskError {
    /// What a step finds in its store cannot be read.
    pub fn corrupt_state(step: &str, cause: &CodecError) -> TaskError {
        TaskError::Corrupt { what: format!("the state of step `{step}`"), cause: cause.to_string() }
    }
}

/// Why a task cannot go on.
#[derive(Error, Debug)]
pub enum TaskError {
    /// An event that cannot be used and has no route: the topology stops before it, and nothing is lost.
    #[error(
        "{place}: {code}: {message}\n  in step `{step}` (line {line}); add `{route} -> kafka(\"…\")` there to set such events aside, or mend the event's producer"
    )]
    Poison {
        place: Place,
        step: Arc<str>,
        line: u32,
        code: &'static str,
        message: String,
        route: &'static str,
    },
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    State(#[from] StateError),
    /// Bytes in the store or in an internal topic that this version did not write.
    #[error("{what}: {cause}; the state or the internal topic was not written by this topology")]
    Corrupt { what: String, cause: String },
    /// State that a topology of the same names, but of another form, has made.
    #[error("the state of `{step}` does not fit: {}", crate::change::refusal(.found, .layout))]
    Layout { step: String, found: String, layout: String },
    #[error("step `{step}` (line {line}): the result of `{function}` {cause}")]
    NoResult { step: Arc<str>, line: u32, function: String, cause: ResultError },
}
