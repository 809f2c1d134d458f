//! `top N by … per …`: the first rows of each key in an order, as a table with their rank.
//!
//! Of events the first ones are kept, and nothing else: what is not among them now never will be. Of a table all rows are kept, since one that is
//! among the first may leave. The store has them (behind the tag [`ROW`], a hash of the key and the key), and what was given out of each key (behind
//! [`FIRST`]).

use crate::batch::{Batch, ColumnData};
use crate::clock::WallTime;
use crate::expression::{Compiled, RowErrors};
use crate::key_columns::push_key;
use crate::operator::{Context, Operator, TaskError};
use crate::route::Route;
use crate::row_codec::RowCodec;
use crate::table_changes::{Emission, TableChanges, TableKey};
use crate::watermark::Upstream;
use std::collections::{BTreeMap, BTreeSet};
use tidegate_model::partition::murmur2;
use tidegate_model::{EventTime, Schema, Value, plan};
use tidegate_state::value::{self, Decoder};
use tidegate_state::{CodecError, Keys, Overlay, StateError, StateValue, Store, TableId, WriteSet};

const FIRST: u8 = 1;
const ROW: u8 = 2;
const PREFIX_BYTES: usize = 5;

/// A row with its place in the order.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Placed {
    /// As bytes that have the order.
    order: Box<[u8]>,
    time: EventTime,
    row: Box<[u8]>,
}

impl Placed {
    fn put(&self, out: &mut Vec<u8>) {
        value::put_bytes(out, &self.order);
        value::put_i64(out, self.time.micros());
        value::put_bytes(out, &self.row);
    }

    fn take(from: &mut Decoder<'_>) -> Result<Placed, CodecError> {
        let order = from.bytes()?.into();
        let time = EventTime::from_micros(from.i64()?);
        Ok(Placed { order, time, row: from.bytes()?.into() })
    }

    fn size(&self) -> usize {
        self.order.len() + self.row.len() + 40
    }
}

/// The first rows of a key, in their order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct First(Vec<Placed>);

impl StateValue for First {
    fn encode(&self, out: &mut Vec<u8>) {
        value::put_u64(out, self.0.len() as u64);
        self.0.iter().for_each(|placed| placed.put(out));
    }

    fn decode(bytes: &[u8]) -> Result<First, CodecError> {
        let mut from = Decoder::new(bytes);
        let count = from.u64()?;
        (0..count).map(|_| Placed::take(&mut from)).collect::<Result<_, _>>().map(First)
    }

    fn bytes(&self) -> usize {
        self.0.iter().map(Placed::size).sum::<usize>() + 24
    }
}

/// A row of a table. The length of the key that it is ordered in parts the store's key.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Kept {
    key_bytes: usize,
    placed: Placed,
}

impl StateValue for Kept {
    fn encode(&self, out: &mut Vec<u8>) {
        value::put_u64(out, self.key_bytes as u64);
        self.placed.put(out);
    }

    fn decode(bytes: &[u8]) -> Result<Kept, CodecError> {
        let mut from = Decoder::new(bytes);
        Ok(Kept { key_bytes: from.u64()? as usize, placed: Placed::take(&mut from)? })
    }

    fn bytes(&self) -> usize {
        self.placed.size() + 8
    }
}

fn prefix(key: &[u8]) -> [u8; PREFIX_BYTES] {
    let [a, b, c, d] = murmur2(key).to_be_bytes();
    [ROW, a, b, c, d]
}

pub struct Top {
    count: usize,
    order: Vec<(Compiled, bool)>,
    key: TableKey,
    row_key: Option<TableKey>,
    /// Of a row without its rank.
    codec: RowCodec,
    /// The columns of the result that are its key.
    result_key: TableKey,
    errors: Route,
    first: Overlay<First>,
    rows: Overlay<Kept>,
    /// Keys of which something changed, and what was given out of them.
    before: BTreeMap<u32, First>,
    emission: Emission,
    keys: Keys,
    slots: Vec<u32>,
}

impl Top {
    /// `schema`: of the result.
    pub fn new(
        top: &plan::Top,
        schema: &Schema,
        codec: RowCodec,
        emission: Emission,
        (table, cache_bytes, complete): (TableId, usize, bool),
        errors: Route,
    ) -> Top {
        let rank = schema.columns.len() - 1;
        let result_key: Vec<usize> = top.key.iter().copied().chain([rank]).collect();
        Top {
            count: top.count as usize,
            order: top.order.iter().map(|order| (Compiled::new(&order.expr), order.descending)).collect(),
            key: TableKey::new(&top.key, schema),
            row_key: top.row_key.as_ref().map(|columns| TableKey::new(columns, schema)),
            codec,
            result_key: TableKey::new(&result_key, schema),
            errors,
            first: Overlay::new(table, cache_bytes / 2, complete),
            rows: Overlay::new(table, cache_bytes / 2, complete),
            before: BTreeMap::new(),
            emission,
            keys: Keys::default(),
            slots: Vec::new(),
        }
    }

    /// The rows that are no more: those that are deleted, and those that went to another key.
    fn gone(&self, batch: &Batch) -> Vec<u32> {
        let told = batch.columns.get(self.codec.width()).map(|column| &column.data);
        let is_gone = |row: usize| match told {
            Some(ColumnData::Bool(gone)) => gone[row],
            _ => batch.is_deleted(row),
        };
        batch.selection.iter().copied().filter(|row| is_gone(*row as usize)).collect()
    }

    /// A row's place in the order.
    fn placed(&self, batch: &Batch, order: &[std::sync::Arc<crate::batch::Column>], row: usize) -> Placed {
        let mut place = Vec::new();
        for (column, (_, descending)) in order.iter().zip(&self.order) {
            let start = place.len();
            push_key(std::slice::from_ref(column), row, &mut place);
            if *descending {
                place[start..].iter_mut().for_each(|byte| *byte = !*byte);
            }
        }
        let mut bytes = Vec::new();
        self.codec.encode(&batch.columns, row, &mut bytes);
        Placed { order: place.into(), time: batch.times[row], row: bytes.into() }
    }

    /// The slots of the keys of all selected rows.
    fn resolve(&mut self, batch: &Batch, store: &Store) -> Result<Vec<u32>, StateError> {
        let key = self.key.of(batch);
        self.keys.clear();
        for &row in &batch.selection {
            self.keys.push_with(|out| {
                out.push(FIRST);
                push_key(&key, row as usize, out);
            });
        }
        let mut slots = Vec::new();
        self.first.resolve(store, &self.keys, &mut slots)?;
        for slot in &slots {
            let first = &self.first;
            self.before.entry(*slot).or_insert_with(|| first.get(*slot).cloned().unwrap_or_default());
        }
        Ok(slots)
    }

    /// An event is among the first, or never will be. Of equal ones the earlier stays before.
    fn insert(&mut self, slot: u32, placed: Placed) {
        let known = self.first.get(slot).map_or(&[][..], |first| &first.0);
        let at = known.partition_point(|known| known.order <= placed.order);
        if at >= self.count {
            return;
        }
        let first = &mut self.first.modify(slot).get_or_insert_default().0;
        first.insert(at, placed);
        first.truncate(self.count);
    }

    fn keep(
        &mut self,
        batch: &Batch,
        gone: &[u32],
        order: &[std::sync::Arc<crate::batch::Column>],
        store: &Store,
    ) -> Result<(), StateError> {
        let row_key = self.row_key.as_ref().expect("only a table's rows are kept").of(batch);
        let mut whole = Keys::default();
        let mut lengths = Vec::with_capacity(batch.selection.len());
        for (index, &row) in batch.selection.iter().enumerate() {
            let key = &self.keys.get(index)[1..];
            lengths.push(key.len());
            whole.push_with(|out| {
                out.extend_from_slice(&prefix(key));
                out.extend_from_slice(key);
                push_key(&row_key, row as usize, out);
            });
        }
        self.slots.clear();
        self.rows.resolve(store, &whole, &mut self.slots)?;
        for (index, &row) in batch.selection.iter().enumerate() {
            let kept = gone
                .binary_search(&row)
                .is_err()
                .then(|| Kept { key_bytes: lengths[index], placed: self.placed(batch, order, row as usize) });
            *self.rows.modify(self.slots[index]) = kept;
        }
        Ok(())
    }

    /// Works out the first rows of the keys whose rows have changed.
    fn choose(&mut self, store: &Store) -> Result<(), StateError> {
        let prefixes: BTreeSet<[u8; PREFIX_BYTES]> =
            self.before.keys().map(|slot| prefix(&self.first.key(*slot)[1..])).collect();
        let mut of_key: BTreeMap<&[u8], Vec<(&[u8], &[u8], &Placed)>> = BTreeMap::new();
        let slots = self.rows.slots_with_prefixes(store, &prefixes)?;
        for slot in slots {
            let kept = self.rows.get(slot).expect("it is alive");
            let (key, own) = self.rows.key(slot)[PREFIX_BYTES..].split_at(kept.key_bytes);
            of_key.entry(key).or_default().push((&kept.placed.order, own, &kept.placed));
        }
        let changed: Vec<u32> = self.before.keys().copied().collect();
        for slot in changed {
            let mut rows = of_key.remove(&self.first.key(slot)[1..]).unwrap_or_default();
            rows.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
            let first: Vec<Placed> =
                rows.into_iter().take(self.count).map(|(_, _, placed)| placed.clone()).collect();
            *self.first.modify(slot) = (!first.is_empty()).then_some(First(first));
        }
        Ok(())
    }

    /// Gives out the ranks that have another row than before.
    fn emit(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        if self.row_key.is_some() && !self.before.is_empty() {
            self.choose(context.store)?;
        }
        let mut builders = self.codec.builders();
        builders.push(crate::batch::Column::new(tidegate_model::ScalarType::Int));
        let mut changes = TableChanges::new(builders);
        for (slot, before) in std::mem::take(&mut self.before) {
            let now = self.first.get(slot).map_or(&[][..], |first| &first.0);
            for rank in 0..before.0.len().max(now.len()) {
                let (was, is) = (before.0.get(rank), now.get(rank));
                let number = Value::Int(rank as i64 + 1);
                let pushed = match (was, is) {
                    (Some(was), Some(is)) if was.row == is.row => Ok(()),
                    (_, Some(is)) => {
                        let width = self.codec.width();
                        let decoded = self.codec.decode(&is.row, &mut changes.columns[..width]);
                        changes.columns[width].push(&number);
                        changes.pushed(is.time);
                        decoded
                    }
                    (was, None) => {
                        let mut key = self.first.key(slot)[1..].to_vec();
                        tidegate_state::key::push_int(&mut key, rank as i64 + 1);
                        let time = was.map_or(context.watermark, |was| was.time);
                        changes.push_deletion(&self.result_key, &key, time)
                    }
                };
                pushed.map_err(|cause| TaskError::corrupt_state(&self.errors.step, &cause))?;
            }
        }
        context.emitted.extend(changes.finish());
        Ok(())
    }
}

impl Operator for Top {
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
        let gone = if self.row_key.is_some() { self.gone(&batch) } else { Vec::new() };
        let all = batch.selection.clone();
        // Of a row that is gone only its keys are known.
        batch.selection.retain(|row| gone.binary_search(row).is_err());
        let order: Vec<_> =
            self.order.iter().map(|(expr, _)| expr.eval(&batch, &batch.selection, &mut errors)).collect();
        self.errors.settle(&mut batch, &errors, context)?;
        if !gone.is_empty() {
            batch.selection = all
                .into_iter()
                .filter(|row| gone.binary_search(row).is_ok() || batch.selection.binary_search(row).is_ok())
                .collect();
        }
        let slots = self.resolve(&batch, context.store)?;
        if self.row_key.is_some() {
            return Ok(self.keep(&batch, &gone, &order, context.store)?);
        }
        for (&row, slot) in batch.selection.iter().zip(slots) {
            let placed = self.placed(&batch, &order, row as usize);
            self.insert(slot, placed);
        }
        Ok(())
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
        self.first.flush(writes);
        self.rows.flush(writes);
    }

    fn committed(&mut self) {
        self.first.committed();
        self.rows.committed();
    }

    fn uncommitted_bytes(&self) -> usize {
        (self.first.dirty().count() + self.rows.dirty().count()) * 128
    }

    fn has_pending(&self, upstream: Upstream, _now: WallTime) -> bool {
        self.emission.has_pending(upstream)
    }
}
