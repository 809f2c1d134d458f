//! Of a table's rows: each group is added up from its rows as they are. A row that changes is taken from its group, or from its old one, as what it was.
//!
//! The store has the rows (behind the tag [`ROW`], the group's key and the row's own: what the functions take of it) and the groups (behind
//! [`GROUP`] and the key). What cannot be told by adding and subtracting is worked out from all rows of its group, once at a commit.

use super::Parts;
use super::change::Taken;
use crate::accumulator::Accumulator;
use crate::batch::{Batch, Column, ColumnData};
use crate::clock::WallTime;
use crate::emitting::Emitting;
use crate::expression::RowErrors;
use crate::group::{ArgumentColumns, Arguments, Group};
use crate::key_columns::{KeyColumns, push_key};
use crate::operator::{Context, Operator, TaskError};
use crate::result_rows::{ResultRows, Rows};
use crate::route::Route;
use crate::row_codec::RowCodec;
use crate::table_changes::TableKey;
use crate::timed_row::TimedRow;
use crate::watermark::Upstream;
use std::collections::BTreeMap;
use std::sync::Arc;
use tidegate_model::plan::{AggregateCall, Emit};
use tidegate_model::{Column as SchemaColumn, EventTime, ScalarType, Schema, Span, Value};
use tidegate_state::value::{Decoder, put_u64};
use tidegate_state::{CodecError, Keys, Overlay, StateError, StateValue, Store, TableId, WriteSet};

const GROUP: u8 = 1;
const ROW: u8 = 2;
/// Behind every key: no part of one begins so.
const END: u8 = 0xFF;
/// So many rows are looked at together where a group is worked out from its rows.
const ROWS_AT_ONCE: usize = 1024;

/// A group, and how many rows it has.
#[derive(Clone, PartialEq, Debug)]
struct Totals {
    rows: u64,
    /// Was its row given out, and not deleted since?
    given: bool,
    group: Group,
}

impl StateValue for Totals {
    fn encode(&self, out: &mut Vec<u8>) {
        put_u64(out, self.rows);
        out.push(u8::from(self.given));
        self.group.encode(out);
    }

    fn decode(bytes: &[u8]) -> Result<Totals, CodecError> {
        let mut from = Decoder::new(bytes);
        Ok(Totals { rows: from.u64()?, given: from.u8()? != 0, group: Group::decode(from.rest())? })
    }

    fn bytes(&self) -> usize {
        self.group.bytes() + 16
    }
}

/// What has happened to a group since the last commit.
#[derive(Default)]
struct Change {
    /// The results that it had, if they were given out.
    before: Option<Vec<Value>>,
    /// Accumulators that must be worked out from the rows; empty: none.
    stale: Vec<bool>,
    /// The rows that came, changed or went, by their slots.
    touched: Vec<u32>,
}

pub struct OfTable {
    key: KeyColumns,
    row_key: TableKey,
    /// The column that tells whether a row is none of the group's any more; None: deletions do.
    gone: Option<usize>,
    results: ResultRows,
    arguments: Arguments,
    /// What of a row is kept: the arguments.
    codec: RowCodec,
    /// Where each function's argument is among them.
    places: Vec<Option<(usize, ScalarType)>>,
    may_be_stale: bool,
    /// Does a function go by the rows' times?
    is_timed: bool,
    looked_up: bool,
    errors: Route,
    totals: Overlay<Totals>,
    rows: Overlay<TimedRow>,
    changes: BTreeMap<u32, Change>,
    emitting: Emitting,
    keys: Keys,
    groups: Vec<u32>,
    slots: Vec<u32>,
}

impl OfTable {
    pub fn new(parts: Parts<'_>) -> Result<OfTable, StateError> {
        let Parts { aggregate, input, gone, feeds, looked_up, table, store, cache_bytes, errors, .. } = parts;
        let row_key = aggregate.row_key.as_ref().expect("it is of a table");
        let complete = store.is_empty(table)?;
        let (codec, places) = kept(&aggregate.functions);
        let mut operator = OfTable {
            key: KeyColumns::new(&aggregate.key),
            row_key: TableKey::new(row_key, input),
            gone,
            results: ResultRows::new(aggregate, &errors.step, errors.line),
            arguments: Arguments::new(&aggregate.functions),
            codec,
            places,
            may_be_stale: aggregate.functions.iter().any(Accumulator::may_be_stale),
            is_timed: aggregate.functions.iter().any(|call| call.function.is_timed()),
            looked_up,
            errors,
            totals: Overlay::new(table, cache_bytes / 2, complete),
            rows: Overlay::new(table, cache_bytes / 2, complete),
            changes: BTreeMap::new(),
            emitting: Emitting::new(aggregate.emit, Span::ZERO, feeds),
            keys: Keys::default(),
            groups: Vec::new(),
            slots: Vec::new(),
        };
        operator.recover(table, store)?;
        Ok(operator)
    }

    /// Finds the groups whose row is due by `emit every`.
    fn recover(&mut self, table: TableId, store: &Store) -> Result<(), StateError> {
        if !self.emitting.is_every() {
            return Ok(());
        }
        let pending = &mut self.emitting.pending;
        store.scan_from(table, &[GROUP], &mut |key, bytes| {
            let is_group = key.first() == Some(&GROUP);
            if is_group && Totals::decode(bytes).is_ok_and(|totals| totals.group.pending.is_some()) {
                pending.insert(key.into());
            }
            is_group
        })
    }

    /// The rows that are none of their group's any more.
    fn gone(&self, batch: &Batch) -> Vec<u32> {
        let told = self.gone.map(|column| &batch.columns[column].data);
        let is_gone = |row: usize| match told {
            Some(ColumnData::Bool(gone)) => gone[row],
            _ => batch.is_deleted(row),
        };
        batch.selection.iter().copied().filter(|row| is_gone(*row as usize)).collect()
    }

    /// The slots of groups and rows, one of each for each selected row.
    fn resolve(&mut self, batch: &Batch, key: &[Arc<Column>], store: &Store) -> Result<(), StateError> {
        let row_key = self.row_key.of(batch);
        self.keys.clear();
        self.groups.clear();
        for &row in &batch.selection {
            self.keys.push_with(|out| {
                out.push(GROUP);
                push_key(key, row as usize, out);
            });
        }
        self.totals.resolve(store, &self.keys, &mut self.groups)?;
        self.keys.clear();
        self.slots.clear();
        for &row in &batch.selection {
            self.keys.push_with(|out| {
                out.push(ROW);
                push_key(key, row as usize, out);
                push_key(&row_key, row as usize, out);
            });
        }
        self.rows.resolve(store, &self.keys, &mut self.slots)
    }

    /// A group is about to change.
    fn touch(&mut self, group: u32, row: u32) {
        let (totals, functions) = (&self.totals, &self.results.functions);
        let keeps_results = self.emitting.emit == Emit::Changes;
        let change = self.changes.entry(group).or_insert_with(|| {
            let given = totals.get(group).filter(|totals| totals.given && keeps_results);
            Change { before: given.and_then(|totals| results(&totals.group, functions)), ..Change::default() }
        });
        if self.may_be_stale {
            change.touched.push(row);
        }
    }

    /// The row of this slot is another one than before, or has come; None: it is gone.
    fn replace(
        &mut self,
        (group, slot): (u32, u32),
        now: Option<(&ArgumentColumns, usize, TimedRow)>,
        before: &mut [Column],
        time: EventTime,
    ) -> Result<(), CodecError> {
        let known = self.rows.get(slot);
        if known.is_none() && now.is_none() {
            return Ok(());
        }
        let is_same = |known: &TimedRow, (_, _, now): &(&ArgumentColumns, usize, TimedRow)| {
            known.row == now.row && (known.time == now.time || !self.is_timed)
        };
        if known.zip(now.as_ref()).is_some_and(|(known, now)| is_same(known, now)) {
            return Ok(());
        }
        let was = known.map(|known| known.time);
        let mut place = 0;
        if let Some(known) = known {
            self.codec.decode(&known.row, before)?;
            place = before.iter().map(Column::len).max().unwrap_or(1).max(1) - 1;
        }
        self.touch(group, slot);
        let functions = &self.results.functions;
        let totals = self.totals.modify(group).get_or_insert_with(|| Totals {
            rows: 0,
            given: false,
            group: Group::new(functions),
        });
        // A group that comes again begins anew, whether or not its end was committed.
        totals.group.time = if totals.rows == 0 { time } else { totals.group.time.max(time) };
        totals.rows += u64::from(now.is_some());
        totals.rows -= u64::from(was.is_some());
        let change = self.changes.get_mut(&group).expect("it was touched");
        for (index, accumulator) in totals.group.accumulators.iter_mut().enumerate() {
            if change.stale.get(index) == Some(&true) {
                continue;
            }
            let before = was.map(|time| Taken {
                argument: self.places[index].map(|(column, ty)| (&before[column], ty)),
                row: place,
                time,
            });
            let now = now.as_ref().map(|(arguments, row, now)| Taken {
                argument: arguments[index].as_ref().map(|(column, ty)| (&**column, *ty)),
                row: *row,
                time: now.time,
            });
            if !accumulator.follow(before, now) {
                change.stale.resize(self.places.len(), false);
                change.stale[index] = true;
            }
        }
        *self.rows.modify(slot) = now.map(|(_, _, row)| row);
        Ok(())
    }

    /// Works out from all rows of a group what is stale.
    fn settle(&mut self, group: u32, store: &Store) -> Result<(), TaskError> {
        let Some(change) = self.changes.get_mut(&group) else { return Ok(()) };
        let stale = std::mem::take(&mut change.stale);
        let Some(totals) = self.totals.modify(group).as_mut().filter(|_| !stale.is_empty()) else {
            return Ok(());
        };
        let functions = &self.results.functions;
        let mut anew: Vec<(usize, Accumulator)> = (0..functions.len())
            .filter(|index| stale[*index])
            .map(|index| (index, Accumulator::new(&functions[index])))
            .collect();
        if totals.rows > 0 {
            change.touched.sort_unstable();
            change.touched.dedup();
            let from = [&[ROW], &self.totals.key(group)[1..]].concat();
            let to = [&from[..], &[END]].concat();
            let (codec, places) = (&self.codec, &self.places);
            let mut columns = codec.builders();
            let mut count = 0;
            self.rows.visit_between(store, (&from, &to), &change.touched, &mut |row| {
                if count == ROWS_AT_ONCE {
                    (columns, count) = (codec.builders(), 0);
                }
                codec.decode(&row.row, &mut columns)?;
                for (index, accumulator) in &mut anew {
                    let argument = places[*index].map(|(column, ty)| (&columns[column], ty));
                    accumulator.update(argument, count, row.time);
                }
                count += 1;
                Ok(())
            })?;
        }
        let totals = self.totals.modify(group).as_mut().expect("it is there");
        for (index, accumulator) in anew {
            totals.group.accumulators[index] = accumulator;
        }
        Ok(())
    }

    /// Adds a group's row to those that are given out, or the deletion of one that was.
    fn push(&self, rows: &mut Rows, group: u32, totals: &Totals) -> Result<(), TaskError> {
        let key = &self.totals.key(group)[1..];
        match totals.rows {
            0 => self.results.push_deletion(rows, key, None, totals.group.time),
            _ => self.results.push(rows, key, None, totals.group.time, &totals.group),
        }
    }

    /// Gives out the rows of all groups that have changed and are not as they were.
    fn emit_changes(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        let mut rows = self.results.start();
        for (group, change) in std::mem::take(&mut self.changes) {
            let Some(totals) = self.totals.get(group) else { continue };
            let is_there = totals.rows > 0;
            let is_same = is_there
                && change.before.is_some()
                && change.before == results(&totals.group, &self.results.functions);
            if totals.given != is_there || (is_there && !is_same) {
                self.push(&mut rows, group, totals)?;
            }
            self.told(group);
        }
        context.emitted.extend(self.results.finish(rows));
        Ok(())
    }

    /// A group's row was given out, or its deletion.
    fn told(&mut self, group: u32) {
        let totals = self.totals.modify(group);
        match totals {
            Some(totals) if totals.rows > 0 => (totals.given, totals.group.pending) = (true, None),
            _ => *totals = None,
        }
    }

    fn emit_every(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        for group in std::mem::take(&mut self.changes).into_keys() {
            let totals = self.totals.modify(group);
            match totals {
                // It came and went, and nobody was told.
                Some(known) if known.rows == 0 && !known.given => *totals = None,
                Some(known) => {
                    known.group.pending = Some(EventTime::MIN);
                    self.emitting.pending.insert(self.totals.key(group).into());
                }
                None => {}
            }
        }
        let mut rows = self.results.start();
        for key in self.emitting.take_due(context) {
            let group = self.totals.lookup(context.store, &key)?;
            if let Some(totals) = self.totals.get(group) {
                self.push(&mut rows, group, totals)?;
                self.told(group);
            }
        }
        context.emitted.extend(self.results.finish(rows));
        Ok(())
    }

    /// Those that look rows up are given what changed just now.
    fn give_current(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        if !self.looked_up {
            return Ok(());
        }
        let mut groups = self.groups.clone();
        groups.sort_unstable();
        groups.dedup();
        let mut rows = self.results.start();
        for group in groups {
            self.settle(group, context.store)?;
            if let Some(totals) = self.totals.get(group) {
                self.push(&mut rows, group, totals)?;
            }
        }
        context.current.extend(self.results.finish(rows));
        Ok(())
    }
}

/// A codec for the arguments of functions, and where each of them is.
fn kept(functions: &[AggregateCall]) -> (RowCodec, Vec<Option<(usize, ScalarType)>>) {
    let mut columns = Vec::new();
    let mut places = Vec::new();
    for call in functions {
        places.push(call.argument.as_ref().map(|argument| (columns.len(), argument.ty)));
        columns
            .extend(call.argument.as_ref().map(|argument| SchemaColumn::nullable(&call.name, argument.ty)));
    }
    let needed = vec![true; columns.len()];
    (RowCodec::new(&Schema::new(columns), &needed), places)
}

/// None: one of them has no result.
fn results(group: &Group, functions: &[AggregateCall]) -> Option<Vec<Value>> {
    let results =
        group.accumulators.iter().zip(functions).map(|(accumulator, call)| accumulator.result(call));
    results.collect::<Result<_, _>>().ok()
}

impl Operator for OfTable {
    fn takes_deletions(&self) -> bool {
        true
    }

    fn on_batch(
        &mut self,
        _port: usize,
        mut batch: Batch,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        let mut errors = RowErrors::default();
        let key = self.key.evaluate(&batch, &mut errors);
        let gone = self.gone(&batch);
        let all = batch.selection.clone();
        // Of a row that is gone only its keys are known.
        batch.selection.retain(|row| gone.binary_search(row).is_err());
        let arguments = self.arguments.evaluate(&batch, &mut errors);
        self.errors.settle(&mut batch, &errors, context)?;
        // A row for which a function has no argument counts in no group.
        let counted = std::mem::replace(&mut batch.selection, all);
        self.resolve(&batch, &key, context.store)?;
        let columns: Vec<Arc<Column>> =
            arguments.iter().flatten().map(|(column, _)| Arc::clone(column)).collect();
        let mut before = self.codec.builders();
        for (index, row) in batch.selection.iter().map(|row| *row as usize).enumerate() {
            let time = batch.times[row];
            let now = counted.binary_search(&(row as u32)).is_ok().then(|| {
                let mut bytes = Vec::new();
                self.codec.encode(&columns, row, &mut bytes);
                (&arguments, row, TimedRow { time, row: bytes.into() })
            });
            self.replace((self.groups[index], self.slots[index]), now, &mut before, time)
                .map_err(|cause| self.results.corrupt(&cause))?;
        }
        self.give_current(context)
    }

    fn on_watermark(
        &mut self,
        _watermark: EventTime,
        _context: &mut Context<'_>,
    ) -> Result<EventTime, TaskError> {
        Ok(self.emitting.passed())
    }

    fn on_commit(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        let changed: Vec<u32> = self.changes.keys().copied().collect();
        for group in changed {
            self.settle(group, context.store)?;
        }
        match self.emitting.emit {
            Emit::Final => panic!("without a window nothing is final"),
            Emit::Changes => self.emit_changes(context)?,
            Emit::Every(_) => self.emit_every(context)?,
        }
        if self.emitting.pending.is_empty() {
            self.emitting.let_out(context.watermark);
        }
        Ok(())
    }

    fn flush(&mut self, writes: &mut WriteSet) {
        self.totals.flush(writes);
        self.rows.flush(writes);
    }

    fn committed(&mut self) {
        self.totals.committed();
        self.rows.committed();
    }

    fn uncommitted_bytes(&self) -> usize {
        self.totals.uncommitted_bytes() + self.rows.uncommitted_bytes()
    }

    fn has_pending(&self, upstream: Upstream, now: WallTime) -> bool {
        self.emitting.has_pending(upstream, now)
    }
}
