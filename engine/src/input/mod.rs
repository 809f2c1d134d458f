//! What a task reads: topics of the user's, tables, and internal topics. An input turns records into batches, knows the next offset to
//! commit, and how far event time has come in what has been worked on.

mod internal;
mod source;
mod table;

pub use internal::{InternalInput, Payload};
pub use source::SourceInput;
pub use table::TableInput;

use crate::batch::Batch;
use crate::clock::WallTime;
use crate::log::Record;
use crate::operator::{Context, TaskError};
use crate::partials::Partials;
use crate::watermark::Upstream;
use tidegate_model::{EventTime, Offset};

/// A part of what was fetched, in order.
pub enum Pending {
    Rows(Batch),
    Partials(Partials),
}

impl Pending {
    /// The event time of its first row, which decides what is read next.
    pub fn head(&self) -> EventTime {
        match self {
            Pending::Rows(batch) => {
                batch.selection.first().map_or(EventTime::MIN, |row| batch.times[*row as usize])
            }
            Pending::Partials(_) => EventTime::MIN,
        }
    }
}

/// Whom the event time of an input is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Time {
    /// It holds the task's watermark back.
    OfTask,
    /// A table holds nobody back, unless there is nothing else; it is read to its end before anything else is.
    OfTable,
    /// It is told to those nodes alone that read the input.
    Apart,
}

/// One kind of input, for one partition.
pub trait Input {
    /// Does it read what another task of this topology wrote?
    fn is_internal(&self) -> bool {
        false
    }

    /// Takes a record in.
    fn push(&mut self, record: Record<'_>);

    /// Ends a fetch: what it gave, in order. `next` is the offset behind it.
    fn finish(&mut self, next: Offset, now: WallTime) -> Result<Vec<Pending>, TaskError>;

    /// Sends what could not be decoded, up to (not including) an offset, where the topology says.
    fn set_aside(&mut self, before: Offset, context: &mut Context<'_>) -> Result<(), TaskError>;

    /// What is known of event time once everything that was fetched has been worked on.
    fn upstreams(&self) -> Vec<Upstream>;

    /// Would [`Input::silent`] change something?
    fn is_silence_due(&self, _now: WallTime) -> bool {
        false
    }

    /// Nothing came up to `now`, though all there is has been read.
    fn silent(&mut self, _now: WallTime) {}

    /// Nothing came, and whether there is something nobody knows: silence begins anew.
    fn unheard(&mut self, _now: WallTime) {}

    /// The input has ended for good.
    fn end(&mut self) {}

    /// Whom its event time is for.
    fn time(&self) -> Time;

    /// Event time is moved by hand.
    fn advance(&mut self, _to: EventTime) {}
}
