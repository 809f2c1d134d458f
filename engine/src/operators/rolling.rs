//! `rolling`: for each event the aggregates over its key's events in (time - range, time], in the order read, itself included
//! unless `excluding current`.
//!
//! A key's events are kept until the watermark has left them behind by the range: no event that is not late can still reach them.
//! Keys that stay silent are found by a sweep through the store that moves with the rate of the events.

use crate::accumulator::Accumulator;
use crate::batch::{Batch, Column, ColumnData};
use crate::expression::{Compiled, RowErrors, set};
use crate::key_columns::{KeyColumns, encode_keys};
use crate::operator::{Context, Operator, TaskError};
use crate::route::Route;
use crate::sweep::Sweep;
use crate::value_codec::{decode_value, encode_value};
use std::sync::Arc;
use tidegate_model::plan::{self, AggregateCall};
use tidegate_model::{EventTime, ScalarType, Value};
use tidegate_state::value::{self, Decoder};
use tidegate_state::{CodecError, Keys, Overlay, StateValue, TableId, WriteSet};

/// The events of one key that may still be in somebody's range, in the order read.
#[derive(Clone, PartialEq, Debug, Default)]
struct Trail {
    times: Vec<i64>,
    /// The functions' arguments, `width` for each event.
    arguments: Vec<Value>,
}

impl Trail {
    fn forget_before(&mut self, oldest: i64, width: usize) {
        if self.times.iter().all(|time| *time > oldest) {
            return;
        }
        let mut kept = 0;
        for index in 0..self.times.len() {
            if self.times[index] <= oldest {
                continue;
            }
            self.times.swap(kept, index);
            for argument in 0..width {
                self.arguments.swap(kept * width + argument, index * width + argument);
            }
            kept += 1;
        }
        self.times.truncate(kept);
        self.arguments.truncate(kept * width);
    }
}

impl StateValue for Trail {
    fn encode(&self, out: &mut Vec<u8>) {
        value::put_u64(out, self.times.len() as u64);
        let mut previous = 0;
        for time in &self.times {
            value::put_i64(out, time.wrapping_sub(previous));
            previous = *time;
        }
        for argument in &self.arguments {
            encode_value(argument, out);
        }
    }

    fn decode(bytes: &[u8]) -> Result<Trail, CodecError> {
        let mut from = Decoder::new(bytes);
        let mut trail = Trail::default();
        let mut previous = 0i64;
        for _ in 0..from.u64()? {
            previous = previous.wrapping_add(from.i64()?);
            trail.times.push(previous);
        }
        while !from.is_empty() {
            trail.arguments.push(decode_value(&mut from)?);
        }
        Ok(trail)
    }

    fn bytes(&self) -> usize {
        self.times.len() * 8 + self.arguments.len() * std::mem::size_of::<Value>() + 48
    }
}

pub struct Rolling {
    range: i64,
    excluding_current: bool,
    key: KeyColumns,
    functions: Vec<AggregateCall>,
    arguments: Vec<(Compiled, ScalarType)>,
    /// For each function the position of its argument among `arguments`.
    argument_of: Vec<Option<usize>>,
    only_counts: bool,
    errors: Route,
    trails: Overlay<Trail>,
    sweep: Sweep,
    keys: Keys,
    slots: Vec<u32>,
}

impl Rolling {
    pub fn new(
        rolling: &plan::Rolling,
        table: TableId,
        cache_bytes: usize,
        complete: bool,
        errors: Route,
    ) -> Rolling {
        let mut arguments = Vec::new();
        let mut argument_of = Vec::new();
        for call in &rolling.functions {
            argument_of.push(call.argument.as_ref().map(|argument| {
                arguments.push((Compiled::new(argument), argument.ty));
                arguments.len() - 1
            }));
        }
        Rolling {
            range: rolling.range.micros(),
            excluding_current: rolling.excluding_current,
            key: KeyColumns::new(&rolling.key),
            only_counts: arguments.is_empty(),
            functions: rolling.functions.clone(),
            arguments,
            argument_of,
            errors,
            trails: Overlay::new(table, cache_bytes, complete),
            sweep: Sweep::new(table, rolling.range),
            keys: Keys::default(),
            slots: Vec::new(),
        }
    }

    /// The aggregates over the trail's events in (time - range, time].
    fn aggregate(&self, trail: &Trail, time: i64) -> Vec<Accumulator> {
        let mut accumulators: Vec<Accumulator> = self.functions.iter().map(Accumulator::new).collect();
        let width = self.arguments.len();
        for (index, at) in trail.times.iter().enumerate() {
            if *at > time || *at <= time.saturating_sub(self.range) {
                continue;
            }
            for (accumulator, argument) in accumulators.iter_mut().zip(&self.argument_of) {
                let kept = argument
                    .map(|argument| (&trail.arguments[index * width + argument], self.arguments[argument].1));
                match kept {
                    None => accumulator.update(None, 0, EventTime::from_micros(*at)),
                    Some((kept, ty)) => {
                        let mut column = Column::new(ty);
                        column.push(kept);
                        accumulator.update(Some((&column, ty)), 0, EventTime::from_micros(*at));
                    }
                }
            }
        }
        accumulators
    }
}

impl Operator for Rolling {
    fn on_batch(
        &mut self,
        _port: usize,
        mut batch: Batch,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        let mut errors = RowErrors::default();
        let key = self.key.evaluate(&batch, &mut errors);
        let arguments: Vec<(Arc<Column>, ScalarType)> = self
            .arguments
            .iter()
            .map(|(compiled, ty)| (compiled.eval(&batch, &batch.selection, &mut errors), *ty))
            .collect();
        self.errors.settle(&mut batch, &errors, context)?;
        encode_keys(&batch, &key, &mut self.keys);
        self.slots.clear();
        self.trails.resolve(context.store, &self.keys, &mut self.slots)?;

        let rows = batch.rows();
        let mut results: Vec<Column> =
            self.functions.iter().map(|call| Column::zeros(call.ty, rows)).collect();
        // At the end of a finite input nothing is older than another.
        let oldest = match context.watermark {
            EventTime::MAX => i64::MIN,
            watermark => watermark.micros().saturating_sub(self.range),
        };
        let width = self.arguments.len();
        for (position, &row) in batch.selection.iter().enumerate() {
            let slot = self.slots[position];
            let time = batch.times[row as usize].micros();
            let mut trail = self.trails.modify(slot).take().unwrap_or_default();
            trail.forget_before(oldest, width);
            let add = |trail: &mut Trail| {
                trail.times.push(time);
                trail.arguments.extend(arguments.iter().map(|(column, ty)| column.value(row as usize, *ty)));
            };
            if !self.excluding_current {
                add(&mut trail);
            }
            if self.only_counts {
                let after = time.saturating_sub(self.range);
                let count = trail.times.iter().filter(|at| **at <= time && **at > after).count() as i64;
                for column in &mut results {
                    let ColumnData::Int(values) = &mut column.data else { panic!("a count is an int") };
                    values[row as usize] = count;
                }
            } else {
                for ((accumulator, call), column) in
                    self.aggregate(&trail, time).iter().zip(&self.functions).zip(&mut results)
                {
                    let result = accumulator.result(call).map_err(|_| TaskError::ResultOverflow {
                        step: self.errors.step.clone(),
                        line: self.errors.line,
                        function: call.name.clone(),
                    })?;
                    set(column, row as usize, &result);
                }
            }
            if self.excluding_current {
                add(&mut trail);
            }
            *self.trails.modify(slot) = Some(trail);
        }
        self.sweep.earn(batch.selection.len());
        if !batch.is_empty() {
            batch.columns.extend(results.into_iter().map(Arc::new));
            context.emitted.push(batch);
        }
        Ok(())
    }

    fn on_commit(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        let oldest = context.watermark.micros().saturating_sub(self.range);
        let width = self.arguments.len();
        self.sweep.run(context.watermark, context.store, &mut self.trails, |trail| {
            trail.forget_before(oldest, width);
            trail.times.is_empty()
        })?;
        Ok(())
    }

    fn flush(&mut self, writes: &mut WriteSet) {
        self.trails.flush(writes);
    }

    fn committed(&mut self) {
        self.trails.committed();
    }

    fn uncommitted_bytes(&self) -> usize {
        self.trails.dirty().count() * 64
    }
}
