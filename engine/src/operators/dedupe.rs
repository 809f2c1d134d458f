//! `dedupe by … within …`: lets the first event of a key pass, and none of that key whose event time is less than `within` from
//! one that passed.

use crate::batch::Batch;
use crate::expression::RowErrors;
use crate::key_columns::{KeyColumns, encode_keys};
use crate::operator::{Context, Operator, TaskError};
use crate::route::Route;
use crate::sweep::Sweep;
use tidegate_model::plan;
use tidegate_state::value::{self, Decoder};
use tidegate_state::{CodecError, Keys, Overlay, StateValue, TableId, WriteSet};

/// The event times of a key's events that passed and may still hold others back.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Passed(Vec<i64>);

impl StateValue for Passed {
    fn encode(&self, out: &mut Vec<u8>) {
        for time in &self.0 {
            value::put_i64(out, *time);
        }
    }

    fn decode(bytes: &[u8]) -> Result<Passed, CodecError> {
        let mut from = Decoder::new(bytes);
        let mut passed = Passed::default();
        while !from.is_empty() {
            passed.0.push(from.i64()?);
        }
        Ok(passed)
    }

    fn bytes(&self) -> usize {
        self.0.len() * 8 + 24
    }
}

pub struct Dedupe {
    within: i64,
    key: KeyColumns,
    errors: Route,
    passed: Overlay<Passed>,
    sweep: Sweep,
    keys: Keys,
    slots: Vec<u32>,
}

impl Dedupe {
    pub fn new(
        dedupe: &plan::Dedupe,
        table: TableId,
        cache_bytes: usize,
        complete: bool,
        errors: Route,
    ) -> Dedupe {
        Dedupe {
            within: dedupe.within.micros(),
            key: KeyColumns::new(&dedupe.key),
            errors,
            passed: Overlay::new(table, cache_bytes, complete),
            sweep: Sweep::new(table, dedupe.within),
            keys: Keys::default(),
            slots: Vec::new(),
        }
    }
}

impl Operator for Dedupe {
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
        self.passed.resolve(context.store, &self.keys, &mut self.slots)?;
        let mut selection = Vec::with_capacity(batch.selection.len());
        for (&row, &slot) in batch.selection.iter().zip(&self.slots) {
            let time = batch.times[row as usize].micros();
            let near =
                |passed: &Passed| passed.0.iter().any(|at| at.abs_diff(time) < self.within.unsigned_abs());
            if self.passed.get(slot).is_some_and(near) {
                continue;
            }
            self.passed.modify(slot).get_or_insert_with(Passed::default).0.push(time);
            selection.push(row);
        }
        self.sweep.earn(batch.selection.len());
        batch.selection = selection;
        if !batch.is_empty() {
            context.emitted.push(batch);
        }
        Ok(())
    }

    fn on_commit(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        let oldest = context.watermark.micros().saturating_sub(self.within);
        self.sweep.run(context.watermark, context.store, &mut self.passed, |passed| {
            passed.0.retain(|time| *time > oldest);
            passed.0.is_empty()
        })?;
        Ok(())
    }

    fn flush(&mut self, writes: &mut WriteSet) {
        self.passed.flush(writes);
    }

    fn committed(&mut self) {
        self.passed.committed();
    }

    fn uncommitted_bytes(&self) -> usize {
        self.passed.uncommitted_bytes()
    }
}
