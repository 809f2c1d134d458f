//! Up to which watermark windows were given out and forgotten. It is in the store beside them, so that no row is given out twice.

use tidegate_model::EventTime;
use tidegate_state::value::{Decoder, put_i64};
use tidegate_state::{StateError, Store, TableId, WriteSet};

/// Where it stands in the store. No window's key begins so.
pub const CLOSED_KEY: &[u8] = &[0xFF; 9];

pub struct Closed {
    table: TableId,
    at: EventTime,
    stored: EventTime,
    /// Were final rows given out since the last commit?
    gave_out: bool,
}

impl Closed {
    pub fn recover(table: TableId, store: &Store) -> Result<Closed, StateError> {
        let at = match store.get(table, CLOSED_KEY)? {
            Some(bytes) => EventTime::from_micros(Decoder::new(&bytes).i64()?),
            None => EventTime::MIN,
        };
        Ok(Closed { table, at, stored: at, gave_out: false })
    }

    pub fn at(&self) -> EventTime {
        self.at
    }

    /// Windows that were final up to `watermark` are closed. It never goes back.
    pub fn reach(&mut self, watermark: EventTime) {
        self.at = self.at.max(watermark);
    }

    pub fn gave_out(&mut self) {
        self.gave_out = true;
    }

    /// Only what was given out as final must never be given out again; whoever writes nothing else reads it from the watermark.
    pub fn flush(&mut self, writes: &mut WriteSet) {
        if self.at != self.stored && (self.gave_out || !writes.is_empty()) {
            self.gave_out = false;
            let mut bytes = Vec::new();
            put_i64(&mut bytes, self.at.micros());
            writes.put(self.table, CLOSED_KEY, &bytes);
            self.stored = self.at;
        }
    }
}
