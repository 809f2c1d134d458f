//! `changes`: each change of a table as an event, with the row before as `old`. A deletion gives no event, and neither does a row that is
//! the same as before.

use crate::batch::{Batch, Column, ColumnData};
use crate::expression::{Compiled, RowErrors, remove_failed};
use crate::key_columns::encode_keys;
use crate::operator::{Context, Operator, TaskError};
use crate::route::Route;
use crate::row_codec::RowCodec;
use crate::table_changes::TableKey;
use crate::table_rows::RowBytes;
use std::sync::Arc;
use tidegate_model::plan;
use tidegate_state::{Keys, Overlay, TableId, WriteSet};

pub struct Changes {
    key: TableKey,
    /// Of the table's rows.
    codec: RowCodec,
    predicate: Option<Compiled>,
    errors: Route,
    rows: Overlay<RowBytes>,
    keys: Keys,
    slots: Vec<u32>,
}

impl Changes {
    /// `codec` and `key` are of the table that is read.
    pub fn new(
        changes: &plan::Changes,
        codec: RowCodec,
        key: TableKey,
        (table, cache_bytes, complete): (TableId, usize, bool),
        errors: Route,
    ) -> Changes {
        Changes {
            key,
            codec,
            predicate: changes.predicate.as_ref().map(Compiled::new),
            errors,
            rows: Overlay::new(table, cache_bytes, complete),
            keys: Keys::default(),
            slots: Vec::new(),
        }
    }
}

impl Operator for Changes {
    fn takes_deletions(&self) -> bool {
        true
    }

    fn on_batch(
        &mut self,
        _port: usize,
        mut batch: Batch,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        encode_keys(&batch, &self.key.of(&batch), &mut self.keys);
        self.slots.clear();
        self.rows.resolve(context.store, &self.keys, &mut self.slots)?;
        let mut old = self.codec.builders();
        let mut presence = Vec::with_capacity(batch.rows());
        let mut selection = Vec::with_capacity(batch.selection.len());
        for (&row, &slot) in batch.selection.iter().zip(&self.slots) {
            let row = row as usize;
            // The builders hold one value for each physical row, dead ones included.
            while presence.len() < row {
                self.codec.push_nulls(&mut old);
                presence.push(false);
            }
            let now = (!batch.is_deleted(row)).then(|| {
                let mut bytes = Vec::new();
                self.codec.encode(&batch.columns, row, &mut bytes);
                RowBytes(bytes.into())
            });
            let before = self.rows.get(slot);
            let changed = before != now.as_ref();
            match before {
                Some(before) => self
                    .codec
                    .decode(&before.0, &mut old)
                    .map_err(|cause| TaskError::corrupt_state(&self.errors.step, &cause))?,
                None => self.codec.push_nulls(&mut old),
            }
            presence.push(before.is_some());
            if changed && now.is_some() {
                selection.push(row as u32);
            }
            if changed {
                *self.rows.modify(slot) = now;
            }
        }
        while presence.len() < batch.rows() {
            self.codec.push_nulls(&mut old);
            presence.push(false);
        }
        if selection.is_empty() {
            return Ok(());
        }
        batch.selection = selection;
        batch.deleted = None;
        batch.columns.push(Arc::new(Column { data: ColumnData::Bool(presence), nulls: None }));
        batch.columns.extend(old.into_iter().map(Arc::new));
        if let Some(predicate) = &self.predicate {
            let mut errors = RowErrors::default();
            let mut selection = batch.selection.clone();
            predicate.filter(&batch, &mut selection, &mut errors);
            self.errors.settle(&mut batch, &errors, context)?;
            remove_failed(&mut selection, &errors);
            batch.selection = selection;
        }
        if !batch.is_empty() {
            context.emitted.push(batch);
        }
        Ok(())
    }

    fn flush(&mut self, writes: &mut WriteSet) {
        self.rows.flush(writes);
    }

    fn committed(&mut self) {
        self.rows.committed();
    }

    fn uncommitted_bytes(&self) -> usize {
        self.rows.uncommitted_bytes()
    }
}
