//! `join` of two tables by the key of both: the row of a key is the pair of its rows. And by a foreign key: then the right row of each left one
//! comes as the answer to what [`super::ask`] has asked.
//!
//! inner: while both are there. left: while the left one is. outer: while either is. A row that is no more is deleted, if it was given out.

use crate::batch::{Batch, Column, ColumnData};
use crate::clock::WallTime;
use crate::expression::{Compiled, RowErrors};
use crate::key_columns::{KeyColumns, encode_keys};
use crate::operator::{Context, Operator, TaskError};
use crate::operators::answer::bytes_of;
use crate::operators::ask::reference;
use crate::route::Route;
use crate::row_codec::RowCodec;
use crate::table_changes::{Emission, TableChanges, TableKey};
use crate::timed_row::TimedRow;
use crate::watermark::Upstream;
use std::collections::BTreeMap;
use tidegate_model::plan::{self, Answer, JoinKind};
use tidegate_model::{EventTime, Value};
use tidegate_state::value::{self, Decoder};
use tidegate_state::{CodecError, Keys, Overlay, StateValue, TableId, WriteSet};

/// The rows of one key.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Pair {
    left: Option<TimedRow>,
    right: Option<TimedRow>,
    /// Has a row been given out that was not deleted since?
    given: bool,
    /// By a foreign key: which right row the left one refers to.
    reference: Option<Box<[u8]>>,
    /// The answer has not come yet. Until then what was given out stays.
    waits: bool,
}

impl Pair {
    /// Do they give the same row?
    fn gives_as(&self, other: &Pair) -> bool {
        let row = |row: &Option<TimedRow>| row.as_ref().map(|row| row.row.clone());
        let rows = |pair: &Pair| (row(&pair.left), row(&pair.right));
        self.waits == other.waits && rows(self) == rows(other)
    }
}

const LEFT: u8 = 1;
const RIGHT: u8 = 2;
const GIVEN: u8 = 4;
const WAITS: u8 = 8;
const REFERS: u8 = 16;

impl StateValue for Pair {
    fn encode(&self, out: &mut Vec<u8>) {
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        out.push(
            flag(self.left.is_some(), LEFT)
                | flag(self.right.is_some(), RIGHT)
                | flag(self.given, GIVEN)
                | flag(self.waits, WAITS)
                | flag(self.reference.is_some(), REFERS),
        );
        if let Some(reference) = &self.reference {
            value::put_bytes(out, reference);
        }
        for row in [&self.left, &self.right].into_iter().flatten() {
            value::put_i64(out, row.time.micros());
            value::put_bytes(out, &row.row);
        }
    }

    fn decode(bytes: &[u8]) -> Result<Pair, CodecError> {
        let mut from = Decoder::new(bytes);
        let flags = from.u8()?;
        let reference = if flags & REFERS != 0 { Some(from.bytes()?.into()) } else { None };
        let mut row = |there: bool| -> Result<Option<TimedRow>, CodecError> {
            if !there {
                return Ok(None);
            }
            let time = EventTime::from_micros(from.i64()?);
            Ok(Some(TimedRow { time, row: from.bytes()?.into() }))
        };
        Ok(Pair {
            left: row(flags & LEFT != 0)?,
            right: row(flags & RIGHT != 0)?,
            given: flags & GIVEN != 0,
            reference,
            waits: flags & WAITS != 0,
        })
    }

    fn bytes(&self) -> usize {
        let row = |row: &Option<TimedRow>| row.as_ref().map_or(0, StateValue::bytes);
        row(&self.left) + row(&self.right) + self.reference.as_ref().map_or(0, |key| key.len()) + 32
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
    /// By a foreign key: over the left columns, the right table's key.
    reference: Option<KeyColumns>,
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
            reference: join.foreign.then(|| KeyColumns::new(&join.key)),
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
                presence.push(&Value::Bool(right.is_some()));
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

    /// By a foreign key: what the right side has answered. An answer to what the left row referred to before is passed over.
    fn take_answers(&mut self, batch: &Batch, context: &mut Context<'_>) -> Result<(), TaskError> {
        self.keys.clear();
        for &row in &batch.selection {
            let left = bytes_of(&batch.columns[Answer::LEFT], row as usize);
            self.keys.push_with(|out| out.extend_from_slice(left));
        }
        self.slots.clear();
        self.pairs.resolve(context.store, &self.keys, &mut self.slots)?;
        let ColumnData::Bool(there) = &batch.columns[Answer::THERE].data else {
            panic!("the columns of an answer are those of its schema")
        };
        for (&row, &slot) in batch.selection.iter().zip(&self.slots) {
            let row = row as usize;
            let about = bytes_of(&batch.columns[Answer::REFERENCE], row);
            if self.pairs.get(slot).and_then(|pair| pair.reference.as_deref()) != Some(about) {
                continue;
            }
            let right = there[row].then(|| {
                let mut bytes = Vec::new();
                self.right.codec.encode(&batch.columns[Answer::ROW..], row, &mut bytes);
                TimedRow { time: batch.times[row], row: bytes.into() }
            });
            let pair = self.pairs.modify(slot).as_mut().expect("it refers to a row");
            self.before.entry(slot).or_insert_with(|| pair.clone());
            (pair.right, pair.waits) = (right, false);
        }
        Ok(())
    }

    fn emit(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        let before = std::mem::take(&mut self.before);
        let nothing = Pair::default();
        let now = |pairs: &Overlay<Pair>, slot: u32| pairs.get(slot).cloned().unwrap_or_default();
        let (as_before, changed): (Vec<u32>, Vec<u32>) =
            before.keys().partition(|slot| now(&self.pairs, **slot).gives_as(&before[*slot]));
        for slot in as_before {
            // A key that came and went leaves no trace.
            if now(&self.pairs, slot) == nothing {
                *self.pairs.modify(slot) = None;
            }
        }
        let matches = self.matches(&changed, context)?;
        let mut changes = TableChanges::new(self.builders());
        for slot in changed {
            let pair = now(&self.pairs, slot);
            if pair.waits {
                continue;
            }
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

    fn on_batch(
        &mut self,
        port: usize,
        mut batch: Batch,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        if port == 1 && self.reference.is_some() {
            self.take_answers(&batch, context)?;
            return if self.emission.at_once { self.emit(context) } else { Ok(()) };
        }
        let references = match &self.reference {
            None => None,
            Some(key) => {
                let mut errors = RowErrors::default();
                let columns = key.evaluate(&batch, &mut errors);
                // One that cannot tell what it refers to is no row.
                self.errors.settle_rows_of_table(&mut batch, &errors, context)?;
                Some(columns)
            }
        };
        let side = if port == 0 { &self.left } else { &self.right };
        encode_keys(&batch, &side.key.of(&batch), &mut self.keys);
        self.slots.clear();
        self.pairs.resolve(context.store, &self.keys, &mut self.slots)?;
        let slots = std::mem::take(&mut self.slots);
        for (&row, &slot) in batch.selection.iter().zip(&slots) {
            let (row, side) = (row as usize, if port == 0 { &self.left } else { &self.right });
            let now = (!batch.is_deleted(row)).then(|| {
                let mut bytes = Vec::new();
                side.codec.encode(&batch.columns, row, &mut bytes);
                TimedRow { time: batch.times[row], row: bytes.into() }
            });
            let pair = self.pairs.modify(slot).get_or_insert_default();
            self.before.entry(slot).or_insert_with(|| pair.clone());
            if let Some(columns) = &references {
                let refers = if now.is_some() { reference(columns, row) } else { None };
                if refers != pair.reference {
                    (pair.right, pair.waits, pair.reference) = (None, refers.is_some(), refers);
                }
            }
            *(if port == 0 { &mut pair.left } else { &mut pair.right }) = now;
            // One event may have become several changes of one key.
            if self.emission.at_once {
                self.emit(context)?;
            }
        }
        self.slots = slots;
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
        self.pairs.flush(writes);
    }

    fn committed(&mut self) {
        self.pairs.committed();
    }

    fn uncommitted_bytes(&self) -> usize {
        self.pairs.uncommitted_bytes()
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
    use tidegate_model::expr::{Comparison, Expr, ExprKind};
    use tidegate_model::{Column as SchemaColumn, ScalarType, Schema};

    const TYPES: [ScalarType; 2] = [ScalarType::Int, ScalarType::Int];

    #[derive(Clone, Debug)]
    enum Action {
        /// Port, key, value; no value deletes.
        Change(usize, i64, Option<i64>),
        Commit,
        Restart,
    }

    fn action() -> impl Strategy<Value = Action> {
        let change = (0usize..2, 0i64..4, proptest::option::of(0i64..3));
        prop_oneof![
            8 => change.prop_map(|(port, key, value)| Action::Change(port, key, value)),
            2 => Just(Action::Commit),
            1 => Just(Action::Restart),
        ]
    }

    /// The left value is not greater than the right one: columns 1 and 3, or 4 behind a presence.
    fn condition(kind: JoinKind) -> Expr {
        let right = if kind == JoinKind::Inner { 3 } else { 4 };
        let column = |index| Box::new(Expr::column(index, ScalarType::Int, true));
        let kind = ExprKind::Compare(Comparison::LessOrEqual, column(1), column(right));
        Expr { ty: ScalarType::Bool, nullable: true, kind }
    }

    fn operator(rig: &Rig, kind: JoinKind, conditional: bool, at_once: bool) -> JoinTables {
        let column = |name: &str| SchemaColumn::nullable(name, ScalarType::Int);
        let schema = Schema::new(vec![column("key"), column("value")]);
        let side =
            || Side { codec: RowCodec::new(&schema, &[true, true]), key: TableKey::new(&[0], &schema) };
        let join = plan::JoinTables {
            kind,
            key: vec![Expr::column(0, ScalarType::Int, false)],
            left_key: vec![0],
            right_key: vec![0],
            foreign: false,
            alias: "r".to_owned(),
            condition: conditional.then(|| condition(kind)),
            errors: None,
        };
        let complete = rig.store.is_empty(rig.table).expect("scans");
        let stored = (rig.table, 1 << 20, complete);
        JoinTables::new(&join, side(), side(), Emission::new(at_once, true), stored, no_route("errors"))
    }

    type Rows = BTreeMap<i64, i64>;

    /// The join's rows by the rules: the pair of each key, as (left value, right value).
    fn joined(
        kind: JoinKind,
        conditional: bool,
        left: &Rows,
        right: &Rows,
    ) -> BTreeMap<i64, (Option<i64>, Option<i64>)> {
        let keys = left.keys().chain(right.keys()).copied();
        let row = |key: i64| {
            let (left, right) = (left.get(&key).copied(), right.get(&key).copied());
            match (left, right, kind) {
                (Some(l), Some(r), _) if !conditional || l <= r => Some((left, right)),
                (Some(_), _, JoinKind::Left | JoinKind::Outer) => Some((left, None)),
                (None, Some(_), JoinKind::Outer) => Some((None, right)),
                _ => None,
            }
        };
        keys.filter_map(|key| Some((key, row(key)?))).collect()
    }

    fn int(value: &Value) -> Option<i64> {
        match value {
            Value::Int(value) => Some(*value),
            Value::Null => None,
            other => panic!("{other:?} is no int"),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        #[test]
        fn changes_add_up_to_the_joined_tables(
            actions in proptest::collection::vec(action(), 1..60),
            kind in prop_oneof![Just(JoinKind::Inner), Just(JoinKind::Left), Just(JoinKind::Outer)],
            conditional: bool,
            at_once: bool,
        ) {
            let mut rig = Rig::new();
            let mut join = operator(&rig, kind, conditional, at_once);
            let mut sides = [Rows::new(), Rows::new()];
            let mut out: BTreeMap<i64, (Option<i64>, Option<i64>)> = BTreeMap::new();
            let mut types = TYPES.to_vec();
            if kind != JoinKind::Inner {
                types.push(ScalarType::Bool);
            }
            types.extend(TYPES);
            let right = types.len() - 1;
            let mut take = |batches: Vec<Batch>| {
                for row in rows(&types, &batches) {
                    let key = int(&row.values[0]).expect("a key");
                    if row.deleted {
                        assert!(out.remove(&key).is_some(), "a deletion of {key}, which was not given out");
                    } else {
                        out.insert(key, (int(&row.values[1]), int(&row.values[right])));
                    }
                }
            };
            for (time, action) in actions.iter().chain([&Action::Commit]).enumerate() {
                match action {
                    Action::Change(port, key, value) => {
                        let values = vec![Value::Int(*key), value.map_or(Value::Null, Value::Int)];
                        let row = match value {
                            Some(value) => {
                                sides[*port].insert(*key, *value);
                                Row::new(time as i64, values)
                            }
                            None => {
                                sides[*port].remove(key);
                                Row::deletion(time as i64, values)
                            }
                        };
                        take(rig.read(&mut join, *port, batch(&TYPES, &[row], i64::MIN)));
                    }
                    Action::Commit => take(rig.commit(&mut join)),
                    Action::Restart => {
                        take(rig.commit(&mut join));
                        join = operator(&rig, kind, conditional, at_once);
                    }
                }
            }
            let mut keys: Vec<&i64> = sides[0].keys().chain(sides[1].keys()).collect();
            keys.sort();
            keys.dedup();
            prop_assert_eq!(rig.stored(), keys.len(), "keys without a row are not kept");
            prop_assert_eq!(out, joined(kind, conditional, &sides[0], &sides[1]));
        }
    }
}
