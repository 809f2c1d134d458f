//! A table's changes on their way to those who read the table: rows that replace their key's row, and deletions.

use crate::batch::{Batch, Column};
use crate::key_columns::decode_key;
use crate::row_codec::RowCodec;
use crate::timed_row::TimedRow;
use crate::watermark::Upstream;
use std::sync::Arc;
use tidegate_model::{EventTime, ScalarType, Schema, Value};
use tidegate_state::CodecError;

/// The columns of a table's schema that are its key.
#[derive(Clone, Debug)]
pub struct TableKey {
    pub columns: Vec<usize>,
    types: Vec<ScalarType>,
}

impl TableKey {
    pub fn new(columns: &[usize], schema: &Schema) -> TableKey {
        TableKey {
            columns: columns.to_vec(),
            types: columns.iter().map(|column| schema.columns[*column].ty).collect(),
        }
    }

    /// The key's columns of a batch.
    pub fn of(&self, batch: &Batch) -> Vec<Arc<Column>> {
        self.columns.iter().map(|column| Arc::clone(&batch.columns[*column])).collect()
    }

    pub fn types(&self) -> &[ScalarType] {
        &self.types
    }

    /// The parts of an encoded key, each with its column.
    pub fn values(&self, key: &[u8]) -> Result<Vec<(usize, Value)>, CodecError> {
        let mut parts: Vec<Column> = self.types.iter().map(|ty| Column::new(*ty)).collect();
        decode_key(key, &self.types, &mut parts)?;
        let values = self.types.iter().zip(&parts).map(|(ty, part)| part.value(0, *ty));
        Ok(self.columns.iter().copied().zip(values).collect())
    }

    /// Appends the parts of an encoded key to the key's columns among all `builders`.
    pub fn push(&self, key: &[u8], builders: &mut [Column]) -> Result<(), CodecError> {
        for (column, value) in self.values(key)? {
            builders[column].push(&value);
        }
        Ok(())
    }
}

/// Changes in the making.
pub struct TableChanges {
    pub columns: Vec<Column>,
    times: Vec<EventTime>,
    deleted: Vec<bool>,
}

impl TableChanges {
    /// `columns`: empty ones to push to; those that nobody reads are absent.
    pub fn new(columns: Vec<Column>) -> TableChanges {
        TableChanges { columns, times: Vec::new(), deleted: Vec::new() }
    }

    pub fn push_row(&mut self, row: &TimedRow, codec: &RowCodec) -> Result<(), CodecError> {
        codec.decode(&row.row, &mut self.columns)?;
        self.pushed(row.time);
        Ok(())
    }

    /// The values of a row have been pushed to `columns`.
    pub fn pushed(&mut self, time: EventTime) {
        self.times.push(time);
        self.deleted.push(false);
    }

    pub fn push_deletion(&mut self, key: &TableKey, bytes: &[u8], time: EventTime) -> Result<(), CodecError> {
        key.push(bytes, &mut self.columns)?;
        for (index, column) in self.columns.iter_mut().enumerate() {
            if !key.columns.contains(&index) && !matches!(column.data, crate::batch::ColumnData::Absent) {
                column.push_null();
            }
        }
        self.times.push(time);
        self.deleted.push(true);
        Ok(())
    }

    /// None: nothing has changed.
    pub fn finish(self) -> Option<Batch> {
        if self.times.is_empty() {
            return None;
        }
        let mut batch = Batch::of_results(self.columns, self.times);
        batch.deleted = self.deleted.contains(&true).then(|| Arc::new(self.deleted));
        Some(batch)
    }
}

/// When a table gives its changes out: one for each key at a commit, or at once where a join looks rows up.
#[derive(Clone, Copy, Debug)]
pub struct Emission {
    pub at_once: bool,
    /// Is there a consumer that waits for the watermark?
    feeds: bool,
    /// Everything up to here was given out.
    passed: EventTime,
}

impl Emission {
    pub fn new(at_once: bool, feeds: bool) -> Emission {
        Emission { at_once, feeds, passed: EventTime::MIN }
    }

    /// What consumers may expect when the operator has come to `watermark`.
    pub fn promise(&self, watermark: EventTime) -> EventTime {
        if self.at_once { watermark } else { self.passed }
    }

    /// A commit lets out everything up to `watermark`.
    pub fn let_out(&mut self, watermark: EventTime) {
        self.passed = watermark;
    }

    pub fn has_pending(&self, upstream: Upstream) -> bool {
        !self.at_once && self.feeds && self.passed < upstream.watermark
    }
}
