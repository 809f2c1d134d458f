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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::{Rig, Row, batch, no_route, rows};
    use proptest::prelude::*;
    use tidegate_model::expr::Expr;
    use tidegate_model::plan::OrderBy;
    use tidegate_model::{Column as SchemaColumn, ScalarType};

    /// Columns: id, group, value; of a table behind them whether the row is gone; of the result the rank.
    const ROW_TYPES: [ScalarType; 3] = [ScalarType::Int; 3];
    const RESULT_TYPES: [ScalarType; 4] = [ScalarType::Int; 4];

    #[derive(Clone, Debug)]
    enum Action {
        /// An event, or a table's row: id, group, value.
        Row(i64, i64, i64),
        /// A table's row is no more. (Of events nothing happens.)
        Gone(i64),
        Commit,
        Restart,
    }

    fn action() -> impl Strategy<Value = Action> {
        prop_oneof![
            8 => (0i64..6, 0i64..2, 0i64..4).prop_map(|(id, group, value)| Action::Row(id, group, value)),
            2 => (0i64..6).prop_map(Action::Gone),
            2 => Just(Action::Commit),
            1 => Just(Action::Restart),
        ]
    }

    fn operator(rig: &Rig, count: u32, descending: bool, of_table: bool) -> Top {
        let column = |name: &str| SchemaColumn::new(name, ScalarType::Int);
        let result = Schema::new(vec![column("id"), column("group"), column("value"), column("rank")]);
        let top = plan::Top {
            count,
            order: vec![OrderBy { expr: Expr::column(2, ScalarType::Int, false), descending }],
            key: vec![1],
            row_key: of_table.then(|| vec![0]),
            errors: None,
        };
        let codec = RowCodec::new(&Schema::new(result.columns[..3].to_vec()), &[true; 3]);
        let stored = (rig.table, 1 << 20, rig.store.is_empty(rig.table).expect("scans"));
        Top::new(&top, &result, codec, Emission::new(false, true), stored, no_route("errors"))
    }

    fn int(value: &Value) -> i64 {
        let Value::Int(value) = value else { panic!("{value:?} is no int") };
        *value
    }

    fn of_rekey(id: i64, group: i64, value: Option<i64>) -> Row {
        let gone = Value::Bool(value.is_none());
        Row::new(0, vec![Value::Int(id), Value::Int(group), value.map_or(Value::Null, Value::Int), gone])
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        #[test]
        fn ranks_add_up_to_the_first_rows(
            actions in proptest::collection::vec(action(), 1..60),
            count in 1u32..4,
            descending: bool,
            of_table: bool,
        ) {
            let mut rig = Rig::new();
            let mut top = operator(&rig, count, descending, of_table);
            // In the order read: id, group, value.
            let mut all: Vec<(i64, i64, i64)> = Vec::new();
            let mut out: BTreeMap<(i64, i64), (i64, i64)> = BTreeMap::new();
            let take = |out: &mut BTreeMap<_, _>, batches: Vec<Batch>| {
                for row in rows(&RESULT_TYPES, &batches) {
                    let place = (int(&row.values[1]), int(&row.values[3]));
                    let before = match row.deleted {
                        true => out.remove(&place),
                        false => out.insert(place, (int(&row.values[0]), int(&row.values[2]))),
                    };
                    assert!(before.is_some() || !row.deleted, "a deletion of {place:?}, which was not given out");
                }
            };
            for action in actions.iter().chain([&Action::Commit]) {
                let types = [&ROW_TYPES[..], &[ScalarType::Bool]].concat();
                let known = |all: &[(i64, i64, i64)], id: i64| all.iter().position(|row| row.0 == id);
                match action {
                    Action::Row(id, group, value) if of_table => {
                        let mut sent = Vec::new();
                        if let Some(at) = known(&all, *id) {
                            let before = all.remove(at);
                            sent.extend((before.1 != *group).then(|| of_rekey(*id, before.1, None)));
                        }
                        all.push((*id, *group, *value));
                        sent.push(of_rekey(*id, *group, Some(*value)));
                        rig.read(&mut top, 0, batch(&types, &sent, i64::MIN));
                    }
                    Action::Row(id, group, value) => {
                        all.push((*id, *group, *value));
                        let values = [id, group, value].map(|value| Value::Int(*value)).to_vec();
                        rig.read(&mut top, 0, batch(&ROW_TYPES, &[Row::new(0, values)], i64::MIN));
                    }
                    Action::Gone(id) => {
                        if let Some(at) = known(&all, *id).filter(|_| of_table) {
                            let before = all.remove(at);
                            let gone = of_rekey(*id, before.1, None);
                            rig.read(&mut top, 0, batch(&types, &[gone], i64::MIN));
                        }
                    }
                    Action::Commit => take(&mut out, rig.commit(&mut top)),
                    Action::Restart => {
                        take(&mut out, rig.commit(&mut top));
                        top = operator(&rig, count, descending, of_table);
                    }
                }
            }
            let mut right = BTreeMap::new();
            for group in 0..2 {
                let mut rows: Vec<_> = all.iter().filter(|row| row.1 == group).collect();
                // A stable sort: equal ones stay as they were read; those of a table have the order of their keys.
                if of_table {
                    rows.sort_by_key(|row| row.0);
                }
                rows.sort_by_key(|row| if descending { -row.2 } else { row.2 });
                for (rank, row) in rows.iter().take(count as usize).enumerate() {
                    right.insert((group, rank as i64 + 1), (row.0, row.2));
                }
            }
            prop_assert_eq!(out, right);
        }
    }
}
