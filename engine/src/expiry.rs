//! `ttl D`: a row whose time is D behind the watermark is deleted.
//!
//! Each row has a note of a time that is not later than its own (`due.rs`). When event time has come so far, the row is looked at: it is over, or is
//! noted anew with the time that it has by then. So a row costs one note each time that it gets as old as D, however often it changes, and
//! nothing is ever looked through. A note says the row's time and not its end: another D goes on with the notes that are there.

use crate::due::{Due, Note};
use tidegate_model::{EventTime, Span};
use tidegate_state::{StateError, Store, TableId, WriteSet};

/// What notes begin with in the store; no key of a row does.
pub const TAG: u8 = 0;
/// Notes of so much of the time to live are in memory together.
const PARTS: i64 = 64;

pub struct Expiry {
    ttl: Span,
    due: Due,
}

impl Expiry {
    pub fn recover(table: TableId, ttl: Span, store: &Store) -> Result<Expiry, StateError> {
        let range = Span::from_micros((ttl.micros() / PARTS).max(1));
        Ok(Expiry { ttl, due: Due::recover_with(TAG, table, range, store)? })
    }

    /// When a row of this time is over.
    pub fn end(&self, time: EventTime) -> EventTime {
        time.plus(self.ttl)
    }

    /// Is a row of this time over? At the end of a finite input none is: a later run may go on.
    pub fn is_over(&self, time: EventTime, watermark: EventTime) -> bool {
        watermark != EventTime::MAX && self.end(time) <= watermark
    }

    /// A row has come that was not there, or has an earlier time than before.
    pub fn note(&mut self, time: EventTime, key: &[u8]) {
        self.due.note(time, key);
    }

    /// The next keys whose rows may be over at this watermark; each is looked at, and noted anew if it is not. Empty: that was all.
    pub fn take(&mut self, watermark: EventTime, store: &Store) -> Result<Vec<Note>, StateError> {
        match self.limit(watermark) {
            Some(limit) => self.due.take(limit, store),
            None => Ok(Vec::new()),
        }
    }

    /// All that may be over at this watermark was looked at.
    pub fn leave(&mut self, watermark: EventTime) {
        if let Some(limit) = self.limit(watermark) {
            self.due.leave(limit);
        }
    }

    /// Rows with a time before this are over.
    fn limit(&self, watermark: EventTime) -> Option<EventTime> {
        let is_known = watermark != EventTime::MIN && watermark != EventTime::MAX;
        is_known.then(|| watermark.minus(self.ttl).plus(Span::from_micros(1)))
    }

    pub fn flush(&mut self, writes: &mut WriteSet) {
        self.due.flush(writes);
    }

    pub fn uncommitted_bytes(&self) -> usize {
        self.due.uncommitted_bytes()
    }
}
