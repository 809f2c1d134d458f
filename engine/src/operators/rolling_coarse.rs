//! `rolling D, granularity G`: the aggregates over a key's events of the last D, which are kept summed up by multiples of G.
//!
//! An event counts for the multiples m with floor(t) - D < m <= floor(t); state is one group for each of them that holds something.

use crate::batch::{Batch, Column};
use crate::expression::{RowErrors, set};
use crate::group::{Arguments, Group, update};
use crate::key_columns::{KeyColumns, encode_keys};
use crate::operator::{Context, Operator, TaskError};
use crate::route::Route;
use crate::sweep::Sweep;
use std::sync::Arc;
use tidegate_model::plan::{self, AggregateCall};
use tidegate_model::{EventTime, Span};
use tidegate_state::value::{self, Decoder};
use tidegate_state::{CodecError, Keys, Overlay, StateValue, TableId, WriteSet};

/// The groups of one key, in the order of their multiples.
#[derive(Clone, PartialEq, Debug, Default)]
struct Groups(Vec<(EventTime, Group)>);

impl Groups {
    fn at(&mut self, multiple: EventTime, functions: &[AggregateCall]) -> &mut Group {
        let place = match self.0.binary_search_by_key(&multiple, |(multiple, _)| *multiple) {
            Ok(place) => place,
            Err(place) => {
                self.0.insert(place, (multiple, Group::new(functions)));
                place
            }
        };
        &mut self.0[place].1
    }

    fn forget_up_to(&mut self, last: EventTime) {
        let gone = self.0.partition_point(|(multiple, _)| *multiple <= last);
        self.0.drain(..gone);
    }
}

impl StateValue for Groups {
    fn encode(&self, out: &mut Vec<u8>) {
        for (multiple, group) in &self.0 {
            value::put_i64(out, multiple.micros());
            let mut bytes = Vec::new();
            group.encode(&mut bytes);
            value::put_bytes(out, &bytes);
        }
    }

    fn decode(bytes: &[u8]) -> Result<Groups, CodecError> {
        let mut from = Decoder::new(bytes);
        let mut groups = Groups::default();
        while !from.is_empty() {
            let multiple = EventTime::from_micros(from.i64()?);
            groups.0.push((multiple, Group::decode(from.bytes()?)?));
        }
        Ok(groups)
    }

    fn bytes(&self) -> usize {
        self.0.iter().map(|(_, group)| group.bytes() + 16).sum()
    }
}

pub struct RollingCoarse {
    range: Span,
    granularity: Span,
    excluding_current: bool,
    key: KeyColumns,
    functions: Vec<AggregateCall>,
    arguments: Arguments,
    errors: Route,
    groups: Overlay<Groups>,
    sweep: Sweep,
    keys: Keys,
    slots: Vec<u32>,
}

impl RollingCoarse {
    pub fn new(
        rolling: &plan::Rolling,
        granularity: Span,
        table: TableId,
        cache_bytes: usize,
        complete: bool,
        errors: Route,
    ) -> RollingCoarse {
        RollingCoarse {
            range: rolling.range,
            granularity,
            excluding_current: rolling.excluding_current,
            key: KeyColumns::new(&rolling.key),
            functions: rolling.functions.clone(),
            arguments: Arguments::new(&rolling.functions),
            errors,
            groups: Overlay::new(table, cache_bytes, complete),
            sweep: Sweep::new(table, rolling.range).starting_at(super::rolling::FIRST_KEY),
            keys: Keys::default(),
            slots: Vec::new(),
        }
    }

    /// The last multiple that no event on time reaches. At the end of a finite input nothing is older than another.
    fn passed(&self, watermark: EventTime) -> EventTime {
        if watermark == EventTime::MIN || watermark == EventTime::MAX {
            return EventTime::MIN;
        }
        watermark.floor_to(self.granularity).minus(self.range)
    }
}

impl Operator for RollingCoarse {
    fn on_batch(
        &mut self,
        _port: usize,
        mut batch: Batch,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        let mut errors = RowErrors::default();
        let key = self.key.evaluate(&batch, &mut errors);
        let arguments = self.arguments.evaluate(&batch, &mut errors);
        self.errors.settle(&mut batch, &errors, context)?;
        encode_keys(&batch, &key, &mut self.keys);
        self.slots.clear();
        self.groups.resolve(context.store, &self.keys, &mut self.slots)?;
        let rows = batch.rows();
        let mut results: Vec<Column> =
            self.functions.iter().map(|call| Column::zeros(call.ty, rows)).collect();
        let passed = self.passed(context.watermark);
        for (&row, &slot) in batch.selection.iter().zip(&self.slots) {
            let row = row as usize;
            let time = batch.times[row];
            let last = time.floor_to(self.granularity);
            let behind = last.minus(self.range);
            let groups = self.groups.modify(slot).get_or_insert_default();
            groups.forget_up_to(passed);
            if !self.excluding_current {
                update(groups.at(last, &self.functions), &arguments, row, time);
            }
            let mut whole = Group::new(&self.functions);
            for (_, group) in groups.0.iter().filter(|(multiple, _)| behind < *multiple && *multiple <= last)
            {
                whole.combine(group);
            }
            if self.excluding_current {
                update(groups.at(last, &self.functions), &arguments, row, time);
            }
            for ((accumulator, call), column) in
                whole.accumulators.iter().zip(&self.functions).zip(&mut results)
            {
                let result = accumulator.result(call).map_err(|cause| TaskError::NoResult {
                    step: self.errors.step.clone(),
                    line: self.errors.line,
                    function: call.name.clone(),
                    cause,
                })?;
                set(column, row, &result);
            }
        }
        self.sweep.earn(batch.selection.len());
        if !batch.is_empty() {
            batch.columns.extend(results.into_iter().map(Arc::new));
            context.emitted.push(batch);
        }
        Ok(())
    }

    fn on_commit(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        let passed = self.passed(context.watermark);
        self.sweep.run(context.watermark, context.store, &mut self.groups, |groups| {
            groups.forget_up_to(passed);
            groups.0.is_empty()
        })?;
        Ok(())
    }

    fn flush(&mut self, writes: &mut WriteSet) {
        self.groups.flush(writes);
    }

    fn committed(&mut self) {
        self.groups.committed();
    }

    fn uncommitted_bytes(&self) -> usize {
        self.groups.uncommitted_bytes()
    }
}
