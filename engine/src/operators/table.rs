//! `table`: the last row of each key of a compacted topic, in a store. A row with a null payload is deleted.
//!
//! The decoder gives deletions as rows whose key column is set and whose other columns are absent, marked as deleted.

use crate::batch::{Batch, Column};
use crate::expiry::Expiry;
use crate::key_columns::push_key;
use crate::operator::{Context, Operator, TaskError};
use crate::table_changes::{TableChanges, TableKey};
use crate::table_rows::TableRows;
use std::sync::Arc;
use tidegate_model::{EventTime, ScalarType, Schema};
use tidegate_state::{Keys, WriteSet};

pub struct Table {
    /// Number of the table in the graph.
    table: usize,
    key: TableKey,
    /// Of all columns, for deletions.
    types: Vec<ScalarType>,
    expiry: Option<Expiry>,
    keys: Keys,
    slots: Vec<u32>,
}

impl Table {
    pub fn new(table: usize, key: usize, schema: &Schema, expiry: Option<Expiry>) -> Table {
        Table {
            table,
            key: TableKey::new(&[key], schema),
            types: schema.columns.iter().map(|column| column.ty).collect(),
            expiry,
            keys: Keys::default(),
            slots: Vec::new(),
        }
    }

    /// Deletes the rows that are over.
    fn expire(&mut self, watermark: EventTime, context: &mut Context<'_>) -> Result<(), TaskError> {
        let Some(expiry) = &mut self.expiry else { return Ok(()) };
        let rows: &mut TableRows = &mut context.tables[self.table];
        let mut changes = TableChanges::new(self.types.iter().map(|ty| Column::new(*ty)).collect());
        loop {
            let notes = expiry.take(watermark, context.store)?;
            if notes.is_empty() {
                break;
            }
            for (_, key) in notes {
                let slot = rows.overlay.lookup(context.store, &key)?;
                let Some(time) = rows.time(slot) else { continue };
                if !expiry.is_over(time, watermark) {
                    expiry.note(time, &key);
                    continue;
                }
                *rows.overlay.modify(slot) = None;
                context.counters.expired += 1;
                changes
                    .push_deletion(&self.key, &key, expiry.end(time))
                    .map_err(|cause| TaskError::corrupt_state("table", &cause))?;
            }
        }
        expiry.leave(watermark);
        context.emitted.extend(changes.finish());
        Ok(())
    }
}

impl Operator for Table {
    fn takes_deletions(&self) -> bool {
        true
    }

    fn on_batch(
        &mut self,
        _port: usize,
        mut batch: Batch,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        let rows: &mut TableRows = &mut context.tables[self.table];
        self.keys.clear();
        let key_column = Arc::clone(&batch.columns[self.key.columns[0]]);
        if let Some(expiry) = &self.expiry {
            // One that comes when it is over deletes what was there.
            let is_alive = |row: &u32| {
                let is_over = expiry.is_over(batch.times[*row as usize], context.watermark);
                context.counters.expired += u64::from(is_over && !batch.is_deleted(*row as usize));
                !is_over
            };
            let alive: Vec<u32> = batch.selection.iter().copied().filter(is_alive).collect();
            batch.delete_all_but(&alive);
        }
        for &row in &batch.selection {
            self.keys.push_with(|out| push_key(std::slice::from_ref(&key_column), row as usize, out));
        }
        self.slots.clear();
        rows.overlay.resolve(context.store, &self.keys, &mut self.slots)?;
        for (&row, &slot) in batch.selection.iter().zip(&self.slots) {
            let row = row as usize;
            let time = batch.times[row];
            let now = (!batch.is_deleted(row)).then(|| rows.encode(&batch.columns, row, time));
            if let Some(expiry) = self.expiry.as_mut().filter(|_| now.is_some())
                && rows.time(slot).is_none_or(|before| time < before)
            {
                expiry.note(time, rows.overlay.key(slot));
            }
            *rows.overlay.modify(slot) = now;
        }
        context.emitted.push(batch);
        Ok(())
    }

    fn on_watermark(
        &mut self,
        watermark: EventTime,
        context: &mut Context<'_>,
    ) -> Result<EventTime, TaskError> {
        self.expire(watermark, context)?;
        Ok(watermark)
    }

    /// Its rows are written with the task's tables.
    fn flush(&mut self, writes: &mut WriteSet) {
        if let Some(expiry) = &mut self.expiry {
            expiry.flush(writes);
        }
    }

    fn uncommitted_bytes(&self) -> usize {
        self.expiry.as_ref().map_or(0, Expiry::uncommitted_bytes)
    }
}

impl TableRows {
    /// Writes every change since the last commit.
    pub fn flush(&self, writes: &mut WriteSet) {
        self.overlay.flush(writes);
    }
}
