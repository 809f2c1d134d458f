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
/// Behind every key that a row's key begins with.
const END: u8 = 0xFF;

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
    /// Keys whose first rows are to be looked for anew.
    stale: BTreeSet<u32>,
    /// By key: the rows that changed since the last commit.
    touched: BTreeMap<u32, Vec<u32>>,
    emission: Emission,
    /// Do events look its rows up?
    looked_up: bool,
    keys: Keys,
    slots: Vec<u32>,
}

impl Top {
    /// `schema`: of the result.
    pub fn new(
        top: &plan::Top,
        schema: &Schema,
        codec: RowCodec,
        (emission, looked_up): (Emission, bool),
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
            stale: BTreeSet::new(),
            touched: BTreeMap::new(),
            emission,
            looked_up,
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

    /// `of`: the slot of each row's key.
    fn keep(
        &mut self,
        batch: &Batch,
        of: &[u32],
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
            let (key, slot) = (of[index], self.slots[index]);
            let known = self.rows.modify(slot).take();
            self.touched.entry(key).or_default().push(slot);
            self.change(key, known.map(|kept| kept.placed), kept.as_ref().map(|kept| &kept.placed));
            *self.rows.modify(slot) = kept;
        }
        Ok(())
    }

    /// A row of a table has another place than before, or none. What the rows behind the first ones are need not be known for it, but where
    /// one of the first goes, and where others have the same place: then they are looked for anew.
    fn change(&mut self, key: u32, was: Option<Placed>, is: Option<&Placed>) {
        if self.stale.contains(&key) {
            return;
        }
        let first = self.first.get(key).map_or(&[][..], |first| &first.0);
        let last = first.last().filter(|_| first.len() == self.count).map(|last| &last.order);
        let from = was.and_then(|was| {
            let equal = first.partition_point(|known| known.order < was.order);
            Some(equal + first[equal..].iter().position(|known| *known == was)?)
        });
        let to = is.map(|is| first.partition_point(|known| known.order < is.order));
        let stays = from.is_some_and(|from| is.is_some_and(|is| is.order == first[from].order));
        let is_equal =
            |at: usize| is.is_some_and(|is| first.get(at).is_some_and(|known| known.order == is.order));
        let may_be_others = match (is, last) {
            _ if stays => false,
            _ if to.is_some_and(is_equal) => true,
            // All rows that there are are among the first.
            (_, None) => false,
            (Some(is), Some(last)) => from.is_some() && is.order >= *last,
            (None, Some(_)) => from.is_some(),
        };
        if may_be_others {
            self.stale.insert(key);
            return;
        }
        let is_behind = to.is_none_or(|to| to == self.count);
        if from.is_none() && is_behind {
            return;
        }
        let changed = self.first.modify(key);
        let list = &mut changed.get_or_insert_default().0;
        if let Some(from) = from {
            list.remove(from);
        }
        if let Some(is) = is {
            let at = if stays {
                from.expect("it stays")
            } else {
                list.partition_point(|known| known.order < is.order)
            };
            list.insert(at, is.clone());
            list.truncate(self.count);
        }
        if list.is_empty() {
            *changed = None;
        }
    }

    /// Looks for the first rows of the keys where they may be others.
    fn choose(&mut self, store: &Store) -> Result<(), StateError> {
        for key in std::mem::take(&mut self.stale) {
            let of_key = &self.first.key(key)[1..];
            let from = [&prefix(of_key)[..], of_key].concat();
            let to = [&from[..], &[END]].concat();
            let touched = self.touched.get_mut(&key).map_or(&[][..], |touched| {
                touched.sort_unstable();
                touched.dedup();
                touched
            });
            let mut first: Vec<Placed> = Vec::new();
            self.rows.visit_between(store, (&from, &to), touched, &mut |kept| {
                // Equal ones come in the order of their keys, and stay so.
                let at = first.partition_point(|known| known.order <= kept.placed.order);
                if at < self.count {
                    first.insert(at, kept.placed.clone());
                    first.truncate(self.count);
                }
                Ok(())
            })?;
            *self.first.modify(key) = (!first.is_empty()).then_some(First(first));
        }
        Ok(())
    }

    /// The first rows of these keys as they are known.
    fn known(&self, slots: &[u32]) -> BTreeMap<u32, First> {
        let known = |slot: &u32| (*slot, self.first.get(*slot).cloned().unwrap_or_default());
        slots.iter().map(known).collect()
    }

    /// Gives out the ranks that have another row than at the commit before.
    fn emit(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        let before = std::mem::take(&mut self.before);
        self.choose(context.store)?;
        self.touched.clear();
        let changes = self.changes(&before, context.watermark)?;
        context.emitted.extend(changes.finish());
        Ok(())
    }

    /// The ranks that have another row than `before`.
    fn changes(
        &self,
        before: &BTreeMap<u32, First>,
        watermark: EventTime,
    ) -> Result<TableChanges, TaskError> {
        let mut builders = self.codec.builders();
        builders.push(crate::batch::Column::new(tidegate_model::ScalarType::Int));
        let mut changes = TableChanges::new(builders);
        for (&slot, before) in before {
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
                        let time = was.map_or(watermark, |was| was.time);
                        changes.push_deletion(&self.result_key, &key, time)
                    }
                };
                pushed.map_err(|cause| TaskError::corrupt_state(&self.errors.step, &cause))?;
            }
        }
        Ok(changes)
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
        let mut gone = if self.row_key.is_some() { self.gone(&batch) } else { Vec::new() };
        let all = batch.selection.clone();
        // Of a row that is gone only its keys are known.
        batch.selection.retain(|row| gone.binary_search(row).is_err());
        let order: Vec<_> =
            self.order.iter().map(|(expr, _)| expr.eval(&batch, &batch.selection, &mut errors)).collect();
        self.errors.settle(&mut batch, &errors, context)?;
        if self.row_key.is_some() {
            // One whose place cannot be told has none.
            let placed = std::mem::replace(&mut batch.selection, all);
            gone = batch.selection.iter().copied().filter(|row| placed.binary_search(row).is_err()).collect();
        }
        let slots = self.resolve(&batch, context.store)?;
        let known = if self.looked_up { self.known(&slots) } else { BTreeMap::new() };
        if self.row_key.is_some() {
            self.keep(&batch, &slots, &gone, &order, context.store)?;
            if self.looked_up {
                self.choose(context.store)?;
            }
        } else {
            for (&row, slot) in batch.selection.iter().zip(slots) {
                let placed = self.placed(&batch, &order, row as usize);
                self.insert(slot, placed);
            }
        }
        // Those that look rows up are given what changed just now.
        if self.looked_up {
            context.current.extend(self.changes(&known, context.watermark)?.finish());
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
        self.first.uncommitted_bytes() + self.rows.uncommitted_bytes()
    }

    fn has_pending(&self, upstream: Upstream, _now: WallTime) -> bool {
        self.emission.has_pending(upstream)
    }
}

#[cfg(test)]
mod tests;
