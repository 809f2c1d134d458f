//! `join` of two tables by the key of both: the row of a key is the pair of its rows.
//!
//! inner: while both are there. left: while the left one is. outer: while either is. A row that is no more is deleted, if it was given out.

use crate::batch::{Batch, Column, ColumnData};
use crate::clock::WallTime;
use crate::expression::{Compiled, RowErrors};
use crate::key_columns::encode_keys;
use crate::operator::{Context, Operator, TaskError};
use crate::route::Route;
use crate::row_codec::RowCodec;
use crate::table_changes::{Emission, TableChanges, TableKey};
use crate::timed_row::TimedRow;
use crate::watermark::Upstream;
use std::collections::BTreeMap;
use tidegate_model::EventTime;
use tidegate_model::plan::{self, JoinKind};
use tidegate_state::value::{self, Decoder};
use tidegate_state::{CodecError, Keys, Overlay, StateValue, TableId, WriteSet};

/// The rows of one key.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Pair {
    left: Option<TimedRow>,
    right: Option<TimedRow>,
    /// Has a row been given out that was not deleted since?
    given: bool,
}

const LEFT: u8 = 1;
const RIGHT: u8 = 2;
const GIVEN: u8 = 4;

impl StateValue for Pair {
    fn encode(&self, out: &mut Vec<u8>) {
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        out.push(
            flag(self.left.is_some(), LEFT) | flag(self.right.is_some(), RIGHT) | flag(self.given, GIVEN),
        );
        for row in [&self.left, &self.right].into_iter().flatten() {
            value::put_i64(out, row.time.micros());
            value::put_bytes(out, &row.row);
        }
    }

    fn decode(bytes: &[u8]) -> Result<Pair, CodecError> {
        let mut from = Decoder::new(bytes);
        let flags = from.u8()?;
        let mut row = |there: bool| -> Result<Option<TimedRow>, CodecError> {
            if !there {
                return Ok(None);
            }
            let time = EventTime::from_micros(from.i64()?);
            Ok(Some(TimedRow { time, row: from.bytes()?.into() }))
        };
        Ok(Pair { left: row(flags & LEFT != 0)?, right: row(flags & RIGHT != 0)?, given: flags & GIVEN != 0 })
    }

    fn bytes(&self) -> usize {
        let row = |row: &Option<TimedRow>| row.as_ref().map_or(0, StateValue::bytes);
        row(&self.left) + row(&self.right) + 32
    }
}

/// One of the two tables.
pub struct Side {
    pub codec: RowCodec,
    pub key: TableKey,
}

pub struct JoinTables {
    kind: JoinKind,
    left: Side,
    right: Side,
    condition: Option<Compiled>,
    errors: Route,
    pairs: Overlay<Pair>,
    /// What changed since rows were last given out, and how it was before.
    before: BTreeMap<u32, Pair>,
    emission: Emission,
    keys: Keys,
    slots: Vec<u32>,
}

impl JoinTables {
    /// `left.key` and `right.key` have the same types in the same order.
    pub fn new(
        join: &plan::JoinTables,
        left: Side,
        right: Side,
        emission: Emission,
        (table, cache_bytes, complete): (TableId, usize, bool),
        errors: Route,
    ) -> JoinTables {
        JoinTables {
            kind: join.kind,
            left,
            right,
            condition: join.condition.as_ref().map(Compiled::new),
            errors,
            pairs: Overlay::new(table, cache_bytes, complete),
            before: BTreeMap::new(),
            emission,
            keys: Keys::default(),
            slots: Vec::new(),
        }
    }

    /// Fresh columns of the joined rows: the left ones, whether there is a right row, the right ones.
    fn builders(&self) -> Vec<Column> {
        let mut builders = self.left.codec.builders();
        if self.kind != JoinKind::Inner {
            builders.push(Column { data: ColumnData::Bool(Vec::new()), nulls: None });
        }
        builders.extend(self.right.codec.builders());
        builders
    }

    fn push(
        &self,
        key: &[u8],
        left: Option<&TimedRow>,
        right: Option<&TimedRow>,
        changes: &mut TableChanges,
    ) -> Result<(), CodecError> {
        let width = self.left.codec.width();
        let (lefts, rest) = changes.columns.split_at_mut(width);
        match left {
            Some(left) => self.left.codec.decode(&left.row, lefts)?,
            None => {
                self.left.key.push(key, lefts)?;
                self.left.codec.push_nulls_but(&self.left.key.columns, lefts);
            }
        }
        let rights = match (self.kind, rest) {
            (JoinKind::Inner, rest) => rest,
            (_, [presence, rest @ ..]) => {
                let ColumnData::Bool(values) = &mut presence.data else { panic!("a presence is a bool") };
                values.push(right.is_some());
                rest
            }
            _ => unreachable!("a presence stands between both sides"),
        };
        match right {
            Some(right) => self.right.codec.decode(&right.row, rights)?,
            None => self.right.codec.push_nulls(rights),
        }
        let time = left.map(|row| row.time).max(right.map(|row| row.time));
        changes.pushed(time.expect("one of both is there"));
        Ok(())
    }

    /// The slots among `changed` whose both rows are there and fulfil the condition.
    fn matches(&self, changed: &[u32], context: &mut Context<'_>) -> Result<Vec<u32>, TaskError> {
        let both = |slot: &&u32| {
            self.pairs.get(**slot).is_some_and(|pair| pair.left.is_some() && pair.right.is_some())
        };
        let both: Vec<u32> = changed.iter().filter(both).copied().collect();
        let Some(condition) = &self.condition else { return Ok(both) };
        let mut pairs = TableChanges::new(self.builders());
        for slot in &both {
            let pair = self.pairs.get(*slot).expect("both are there");
            self.push(self.pairs.key(*slot), pair.left.as_ref(), pair.right.as_ref(), &mut pairs)
                .map_err(|cause| TaskError::corrupt_state(&self.errors.step, &cause))?;
        }
        let Some(mut batch) = pairs.finish() else { return Ok(both) };
        let mut errors = RowErrors::default();
        let mut selection = batch.selection.clone();
        condition.filter(&batch, &mut selection, &mut errors);
        self.errors.settle(&mut batch, &errors, context)?;
        crate::expression::remove_failed(&mut selection, &errors);
        Ok(selection.into_iter().map(|row| both[row as usize]).collect())
    }

    fn emit(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        let before = std::mem::take(&mut self.before);
        let row = |row: &Option<TimedRow>| row.as_ref().map(|row| row.row.clone());
        let same = |pair: &Pair, before: &Pair| {
            row(&pair.left) == row(&before.left) && row(&pair.right) == row(&before.right)
        };
        let nothing = Pair::default();
        let changed: Vec<u32> = before
            .iter()
            .filter(|(slot, before)| !same(self.pairs.get(**slot).unwrap_or(&nothing), before))
            .map(|(slot, _)| *slot)
            .collect();
        let matches = self.matches(&changed, context)?;
        let mut changes = TableChanges::new(self.builders());
        for slot in changed {
            let pair = self.pairs.get(slot).unwrap_or(&nothing).clone();
            let is_match = matches.binary_search(&slot).is_ok();
            let (left, right) = match (is_match, self.kind) {
                (true, _) => (pair.left.as_ref(), pair.right.as_ref()),
                (false, JoinKind::Inner) => (None, None),
                (false, JoinKind::Left) => (pair.left.as_ref(), None),
                // One of both alone, or both without being a pair: the left one has the key.
                (false, JoinKind::Outer) if pair.left.is_some() => (pair.left.as_ref(), None),
                (false, JoinKind::Outer) => (None, pair.right.as_ref()),
            };
            let gives = left.is_some() || right.is_some();
            let key = self.pairs.key(slot);
            let result = if gives {
                self.push(key, left, right, &mut changes)
            } else if pair.given {
                let was = &before[&slot];
                let time = was.left.as_ref().map(|row| row.time).max(was.right.as_ref().map(|row| row.time));
                let key_of = &self.left.key;
                changes.push_deletion(key_of, key, time.unwrap_or(context.watermark))
            } else {
                Ok(())
            };
            result.map_err(|cause| TaskError::corrupt_state(&self.errors.step, &cause))?;
            let now = Pair { given: gives, ..pair };
            *self.pairs.modify(slot) = (now != nothing).then_some(now);
        }
        context.emitted.extend(changes.finish());
        Ok(())
    }
}

impl Operator for JoinTables {
    fn takes_deletions(&self) -> bool {
        true
    }

    fn on_batch(&mut self, port: usize, batch: Batch, context: &mut Context<'_>) -> Result<(), TaskError> {
        let side = if port == 0 { &self.left } else { &self.right };
        encode_keys(&batch, &side.key.of(&batch), &mut self.keys);
        self.slots.clear();
        self.pairs.resolve(context.store, &self.keys, &mut self.slots)?;
        for (&row, &slot) in batch.selection.iter().zip(&self.slots) {
            let row = row as usize;
            let now = (!batch.is_deleted(row)).then(|| {
                let mut bytes = Vec::new();
                side.codec.encode(&batch.columns, row, &mut bytes);
                TimedRow { time: batch.times[row], row: bytes.into() }
            });
            let pair = self.pairs.modify(slot).get_or_insert_default();
            self.before.entry(slot).or_insert_with(|| pair.clone());
            *(if port == 0 { &mut pair.left } else { &mut pair.right }) = now;
        }
        if self.emission.at_once { self.emit(context) } else { Ok(()) }
    }

    fn on_watermark(
        &mut self,
        watermark: EventTime,
        _context: &mut Context<'_>,
    ) -> Result<EventTime, TaskError> {
        Ok(self.emission.promise(watermark))
    }

    fn on_commit(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        self.emit(context)?;
        self.emission.let_out(context.watermark);
        Ok(())
    }

    fn flush(&mut self, writes: &mut WriteSet) {
        self.pairs.flush(writes);
    }

    fn committed(&mut self) {
        self.pairs.committed();
    }

    fn uncommitted_bytes(&self) -> usize {
        self.pairs.dirty().count() * 256
    }

    fn has_pending(&self, upstream: Upstream, _now: WallTime) -> bool {
        self.emission.has_pending(upstream)
    }
}
