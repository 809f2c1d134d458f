//! `join` and `left join` of a stream with a table, by the table's key: each event meets the row as it is when the event is read.

use crate::batch::{Batch, Column, ColumnData};
use crate::expression::RowErrors;
use crate::key_columns::{KeyColumns, encode_keys};
use crate::operator::{Context, Operator, TaskError};
use crate::route::Route;
use std::sync::Arc;
use tidegate_model::plan;
use tidegate_state::Keys;

pub struct Join {
    table: usize,
    key: KeyColumns,
    left: bool,
    errors: Route,
    keys: Keys,
    slots: Vec<u32>,
}

impl Join {
    pub fn new(join: &plan::JoinTable, table: usize, errors: Route) -> Join {
        Join {
            table,
            key: KeyColumns::new(std::slice::from_ref(&join.key)),
            left: join.left,
            errors,
            keys: Keys::default(),
            slots: Vec::new(),
        }
    }
}

impl Operator for Join {
    fn on_batch(
        &mut self,
        port: usize,
        mut batch: Batch,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        assert_eq!(port, 0, "the table's rows are read from its store, not from its batches");
        let mut errors = RowErrors::default();
        let key = self.key.evaluate(&batch, &mut errors);
        self.errors.settle(&mut batch, &errors, context)?;
        encode_keys(&batch, &key, &mut self.keys);
        self.slots.clear();
        let rows = &mut context.tables[self.table];
        rows.overlay.resolve(context.store, &self.keys, &mut self.slots)?;

        let mut builders = rows.codec.builders();
        let mut presence = Vec::with_capacity(batch.rows());
        let mut selection = Vec::with_capacity(batch.selection.len());
        let mut physical = 0;
        for (&row, &slot) in batch.selection.iter().zip(&self.slots) {
            // The builders hold one value for each physical row, dead ones included.
            while physical < row {
                rows.codec.push_nulls(&mut builders);
                presence.push(false);
                physical += 1;
            }
            let hit = if key[0].is_null(row as usize) { None } else { rows.overlay.get(slot) };
            match hit {
                Some(bytes) => {
                    rows.codec.decode(&bytes.0, &mut builders).map_err(|cause| TaskError::Corrupt {
                        what: format!("a row of the table of step `{}`", self.errors.step),
                        cause: cause.to_string(),
                    })?
                }
                None => rows.codec.push_nulls(&mut builders),
            }
            presence.push(hit.is_some());
            physical += 1;
            if hit.is_some() || self.left {
                selection.push(row);
            }
        }
        while (physical as usize) < batch.rows() {
            rows.codec.push_nulls(&mut builders);
            presence.push(false);
            physical += 1;
        }
        batch.selection = selection;
        if batch.is_empty() {
            return Ok(());
        }
        if self.left {
            batch.columns.push(Arc::new(Column { data: ColumnData::Bool(presence), nulls: None }));
        }
        batch.columns.extend(builders.into_iter().map(Arc::new));
        context.emitted.push(batch);
        Ok(())
    }
}
