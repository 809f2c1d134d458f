//! The rows that an aggregate gives out: key, bounds of the window, results.

use crate::batch::{Batch, Column, ColumnData};
use crate::group::Group;
use crate::key_columns::decode_key;
use crate::operator::TaskError;
use crate::slices::Bounds;
use std::sync::Arc;
use tidegate_model::plan;
use tidegate_model::plan::AggregateCall;
use tidegate_model::{EventTime, ScalarType};
use tidegate_state::CodecError;

/// What the rows of a step look like.
pub struct ResultRows {
    key_types: Vec<ScalarType>,
    windowed: bool,
    pub functions: Vec<AggregateCall>,
    step: Arc<str>,
    line: u32,
}

/// Rows in the making.
pub struct Rows {
    keys: Vec<Column>,
    starts: Vec<i64>,
    ends: Vec<i64>,
    results: Vec<Column>,
    times: Vec<EventTime>,
    deleted: Vec<bool>,
}

impl ResultRows {
    pub fn new(aggregate: &plan::Aggregate, step: &Arc<str>, line: u32) -> ResultRows {
        ResultRows {
            key_types: aggregate.key.iter().map(|key| key.ty).collect(),
            windowed: aggregate.window.is_some(),
            functions: aggregate.functions.clone(),
            step: step.clone(),
            line,
        }
    }

    pub fn start(&self) -> Rows {
        Rows {
            keys: self.key_types.iter().map(|ty| Column::new(*ty)).collect(),
            starts: Vec::new(),
            ends: Vec::new(),
            results: self.functions.iter().map(|call| Column::new(call.ty)).collect(),
            times: Vec::new(),
            deleted: Vec::new(),
        }
    }

    /// Adds a row; `window` where the aggregate has windows.
    pub fn push(
        &self,
        rows: &mut Rows,
        key: &[u8],
        window: Option<Bounds>,
        time: EventTime,
        group: &Group,
    ) -> Result<(), TaskError> {
        self.push_key(rows, key, window, time)?;
        rows.deleted.push(false);
        for ((accumulator, call), column) in
            group.accumulators.iter().zip(&self.functions).zip(&mut rows.results)
        {
            let result = accumulator.result(call).map_err(|cause| TaskError::NoResult {
                step: self.step.clone(),
                line: self.line,
                function: call.name.clone(),
                cause,
            })?;
            column.push(&result);
        }
        Ok(())
    }

    /// Adds the deletion of the row of a key and window.
    pub fn push_deletion(
        &self,
        rows: &mut Rows,
        key: &[u8],
        window: Option<Bounds>,
        time: EventTime,
    ) -> Result<(), TaskError> {
        self.push_key(rows, key, window, time)?;
        rows.deleted.push(true);
        rows.results.iter_mut().for_each(Column::push_null);
        Ok(())
    }

    fn push_key(
        &self,
        rows: &mut Rows,
        key: &[u8],
        window: Option<Bounds>,
        time: EventTime,
    ) -> Result<(), TaskError> {
        assert_eq!(window.is_some(), self.windowed, "a row has bounds where there are windows");
        decode_key(key, &self.key_types, &mut rows.keys).map_err(|cause| self.corrupt(&cause))?;
        if let Some(window) = window {
            rows.starts.push(window.start.micros());
            rows.ends.push(window.end.micros());
        }
        rows.times.push(time);
        Ok(())
    }

    pub fn corrupt(&self, cause: &CodecError) -> TaskError {
        TaskError::corrupt_state(&self.step, cause)
    }

    /// None: there are no rows.
    pub fn finish(&self, rows: Rows) -> Option<Batch> {
        if rows.times.is_empty() {
            return None;
        }
        let mut columns = rows.keys;
        if self.windowed {
            for bound in [rows.starts, rows.ends] {
                columns.push(Column { data: ColumnData::Int(bound), nulls: None });
            }
        }
        columns.extend(rows.results);
        let mut batch = Batch::of_results(columns, rows.times);
        batch.deleted = rows.deleted.contains(&true).then(|| Arc::new(rows.deleted));
        Some(batch)
    }
}
