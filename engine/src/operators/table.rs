//! `table`: the last row of each key of a compacted topic, in a store. A row with a null payload is deleted.
//!
//! The decoder gives deletions as rows whose key column is set and whose other columns are absent, marked as deleted.

use crate::batch::Batch;
use crate::key_columns::push_key;
use crate::operator::{Context, Operator, TaskError};
use crate::table_rows::{RowBytes, TableRows};
use std::sync::Arc;
use tidegate_state::{Keys, WriteSet};

pub struct Table {
    /// Number of the table in the graph.
    table: usize,
    key: usize,
    keys: Keys,
    slots: Vec<u32>,
}

impl Table {
    pub fn new(table: usize, key: usize) -> Table {
        Table { table, key, keys: Keys::default(), slots: Vec::new() }
    }
}

impl Operator for Table {
    fn takes_deletions(&self) -> bool {
        true
    }

    fn on_batch(&mut self, _port: usize, batch: Batch, context: &mut Context<'_>) -> Result<(), TaskError> {
        let rows: &mut TableRows = &mut context.tables[self.table];
        self.keys.clear();
        let key_column = Arc::clone(&batch.columns[self.key]);
        for &row in &batch.selection {
            self.keys.push_with(|out| push_key(std::slice::from_ref(&key_column), row as usize, out));
        }
        self.slots.clear();
        rows.overlay.resolve(context.store, &self.keys, &mut self.slots)?;
        for (&row, &slot) in batch.selection.iter().zip(&self.slots) {
            *rows.overlay.modify(slot) = (!batch.is_deleted(row as usize)).then(|| {
                let mut bytes = Vec::new();
                rows.codec.encode(&batch.columns, row as usize, &mut bytes);
                RowBytes(bytes.into())
            });
        }
        context.emitted.push(batch);
        Ok(())
    }
}

impl TableRows {
    /// Writes every change since the last commit.
    pub fn flush(&self, writes: &mut WriteSet) {
        self.overlay.flush(writes);
    }
}
