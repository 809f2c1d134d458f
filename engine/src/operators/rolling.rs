//! `rolling D` and `rolling N rows`: for each event the aggregates over its key's events in (time - D, time], or over the last N, in the order
//! read, itself included unless `excluding current`.
//!
//! A key's events are kept until the watermark has left them behind by the range: no event that is not late can still reach them.
//! Keys that stay silent are found by a sweep through the store that moves with the rate of the events. Of rows the last N are kept for ever.

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

/// No key of an event is less; what stands before them belongs to others (see [`super::ordered`]).
pub const FIRST_KEY: &[u8] = &[1];

/// The events of one key that may still be in somebody's range, in the order read.
#[derive(Clone, PartialEq, Debug, Default)]
struct Trail {
    times: Vec<i64>,
    /// The functions' arguments, `width` for each event.
    arguments: Vec<Value>,
}

/// Which events of a trail count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Reach {
    /// Those that are less than so many microseconds older.
    Time(i64),
    /// So many of the last ones.
    Rows(usize),
}

impl Trail {
    fn forget_all_but(&mut self, rows: usize, width: usize) {
        let surplus = self.times.len().saturating_sub(rows);
        self.times.drain(..surplus);
        self.arguments.drain(..surplus * width);
    }

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
    reach: Reach,
    excluding_current: bool,
    key: KeyColumns,
    functions: Vec<AggregateCall>,
    arguments: Vec<(Compiled, ScalarType)>,
    /// For each function the position of its argument among `arguments`.
    argument_of: Vec<Option<usize>>,
    only_counts: bool,
    errors: Route,
    trails: Overlay<Trail>,
    /// None: nothing is ever forgotten for its age.
    sweep: Option<Sweep>,
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
            reach: match rolling.rows {
                Some(rows) => Reach::Rows(rows as usize),
                None => Reach::Time(rolling.range.micros()),
            },
            excluding_current: rolling.excluding_current,
            key: KeyColumns::new(&rolling.key),
            only_counts: arguments.is_empty(),
            functions: rolling.functions.clone(),
            arguments,
            argument_of,
            errors,
            trails: Overlay::new(table, cache_bytes, complete),
            sweep: rolling.rows.is_none().then(|| Sweep::new(table, rolling.range).starting_at(FIRST_KEY)),
            keys: Keys::default(),
            slots: Vec::new(),
        }
    }

    /// Which of the trail's events count for an event of this time?
    fn counts(&self, time: i64) -> impl Fn(i64) -> bool {
        let reach = self.reach;
        move |at: i64| match reach {
            Reach::Time(range) => at <= time && at > time.saturating_sub(range),
            Reach::Rows(_) => true,
        }
    }

    /// The aggregates over the trail's events that count.
    fn aggregate(&self, trail: &Trail, time: i64) -> Vec<Accumulator> {
        let mut accumulators: Vec<Accumulator> = self.functions.iter().map(Accumulator::new).collect();
        let width = self.arguments.len();
        let counts = self.counts(time);
        for (index, at) in trail.times.iter().enumerate().filter(|(_, at)| counts(**at)) {
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
        let oldest = match (self.reach, context.watermark) {
            (Reach::Rows(_), _) | (_, EventTime::MAX) => i64::MIN,
            (Reach::Time(range), watermark) => watermark.micros().saturating_sub(range),
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
            if let Reach::Rows(rows) = self.reach {
                trail.forget_all_but(rows, width);
            }
            if self.only_counts {
                let counts = self.counts(time);
                let count = trail.times.iter().filter(|at| counts(**at)).count() as i64;
                for column in &mut results {
                    let ColumnData::Int(values) = &mut column.data else { panic!("a count is an int") };
                    values[row as usize] = count;
                }
            } else {
                for ((accumulator, call), column) in
                    self.aggregate(&trail, time).iter().zip(&self.functions).zip(&mut results)
                {
                    let result = accumulator.result(call).map_err(|cause| TaskError::NoResult {
                        step: self.errors.step.clone(),
                        line: self.errors.line,
                        function: call.name.clone(),
                        cause,
                    })?;
                    set(column, row as usize, &result);
                }
            }
            if self.excluding_current {
                add(&mut trail);
            }
            *self.trails.modify(slot) = Some(trail);
        }
        if let Some(sweep) = &mut self.sweep {
            sweep.earn(batch.selection.len());
        }
        if !batch.is_empty() {
            batch.columns.extend(results.into_iter().map(Arc::new));
            context.emitted.push(batch);
        }
        Ok(())
    }

    fn on_commit(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        let (Reach::Time(range), Some(sweep)) = (self.reach, &mut self.sweep) else { return Ok(()) };
        let oldest = context.watermark.micros().saturating_sub(range);
        let width = self.arguments.len();
        sweep.run(context.watermark, context.store, &mut self.trails, |trail| {
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
        self.trails.uncommitted_bytes()
    }
}

#[cfg(test)]
mod tests;
