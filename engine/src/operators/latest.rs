//! `latest by`: the event with the greatest time of each key, as a table; of equal times the last that was read.

use crate::batch::Batch;
use crate::clock::WallTime;
use crate::expression::RowErrors;
use crate::key_columns::{KeyColumns, encode_keys};
use crate::operator::{Context, Operator, TaskError};
use crate::route::Route;
use crate::row_codec::RowCodec;
use crate::table_changes::{Emission, TableChanges};
use crate::timed_row::TimedRow;
use crate::watermark::Upstream;
use std::sync::Arc;
use tidegate_model::{EventTime, plan};
use tidegate_state::{Keys, Overlay, TableId, WriteSet};

pub struct Latest {
    key: KeyColumns,
    codec: RowCodec,
    errors: Route,
    rows: Overlay<TimedRow>,
    /// Keys whose row has changed and was not given out yet.
    changed: Vec<u32>,
    emission: Emission,
    keys: Keys,
    slots: Vec<u32>,
}

impl Latest {
    pub fn new(
        latest: &plan::Latest,
        codec: RowCodec,
        emission: Emission,
        (table, cache_bytes, complete): (TableId, usize, bool),
        errors: Route,
    ) -> Latest {
        Latest {
            key: KeyColumns::new(&latest.key),
            codec,
            errors,
            rows: Overlay::new(table, cache_bytes, complete),
            changed: Vec::new(),
            emission,
            keys: Keys::default(),
            slots: Vec::new(),
        }
    }

    fn emit(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        self.changed.sort_unstable();
        self.changed.dedup();
        let mut changes = TableChanges::new(self.codec.builders());
        for slot in self.changed.drain(..) {
            let row = self.rows.get(slot).expect("a row that changed is there");
            changes
                .push_row(row, &self.codec)
                .map_err(|cause| TaskError::corrupt_state(&self.errors.step, &cause))?;
        }
        context.emitted.extend(changes.finish());
        Ok(())
    }
}

impl Operator for Latest {
    fn on_batch(
        &mut self,
        _port: usize,
        mut batch: Batch,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        let mut errors = RowErrors::default();
        let key = self.key.evaluate(&batch, &mut errors);
        self.errors.settle(&mut batch, &errors, context)?;
        encode_keys(&batch, &key, &mut self.keys);
        self.slots.clear();
        self.rows.resolve(context.store, &self.keys, &mut self.slots)?;
        let mut newest = Vec::new();
        for (&row, &slot) in batch.selection.iter().zip(&self.slots) {
            let time = batch.times[row as usize];
            if self.rows.get(slot).is_some_and(|known| known.time > time) {
                continue;
            }
            let mut bytes = Vec::new();
            self.codec.encode(&batch.columns, row as usize, &mut bytes);
            *self.rows.modify(slot) = Some(TimedRow { time, row: bytes.into() });
            if self.emission.at_once {
                newest.push(row);
            } else {
                self.changed.push(slot);
            }
        }
        if !newest.is_empty() {
            let mut given = batch.with_selection(newest);
            given.watermarks = Arc::new(vec![EventTime::MIN; batch.rows()]);
            (given.raw, given.origin) = (None, None);
            context.emitted.push(given);
        }
        Ok(())
    }

    fn on_watermark(
        &mut self,
        watermark: EventTime,
        _context: &mut Context<'_>,
    ) -> Result<EventTime, TaskError> {
        Ok(self.emission.promise(watermark))
    }

    fn on_commit(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        self.emit(context)?;
        self.emission.let_out(context.watermark);
        Ok(())
    }

    fn flush(&mut self, writes: &mut WriteSet) {
        self.rows.flush(writes);
    }

    fn committed(&mut self) {
        self.rows.committed();
    }

    fn uncommitted_bytes(&self) -> usize {
        self.rows.dirty().count() * 128
    }

    fn has_pending(&self, upstream: Upstream, _now: WallTime) -> bool {
        self.emission.has_pending(upstream)
    }
}
