//! `latest by`: the event with the greatest time of each key, as a table; of equal times the last that was read.

use crate::batch::Batch;
use crate::clock::WallTime;
use crate::expiry::Expiry;
use crate::expression::RowErrors;
use crate::key_columns::{KeyColumns, encode_keys};
use crate::operator::{Context, Operator, TaskError};
use crate::route::Route;
use crate::row_codec::RowCodec;
use crate::table_changes::{Emission, TableChanges, TableKey};
use crate::timed_row::TimedRow;
use crate::watermark::Upstream;
use std::collections::BTreeMap;
use std::sync::Arc;
use tidegate_model::expr::{Expr, ExprKind};
use tidegate_model::{EventTime, Schema, plan};
use tidegate_state::{Keys, Overlay, TableId, WriteSet};

pub struct Latest {
    key: KeyColumns,
    codec: RowCodec,
    errors: Route,
    rows: Overlay<TimedRow>,
    /// Keys whose row has changed and was not given out yet.
    changed: Vec<u32>,
    /// The key's columns of a row, for deletions.
    key_columns: TableKey,
    expiry: Option<Expiry>,
    /// When the rows were over that were deleted since the last commit.
    over: BTreeMap<u32, EventTime>,
    emission: Emission,
    keys: Keys,
    slots: Vec<u32>,
}

impl Latest {
    pub fn new(
        latest: &plan::Latest,
        codec: RowCodec,
        emission: Emission,
        (table, cache_bytes, complete): (TableId, usize, bool),
        (schema, expiry): (&Schema, Option<Expiry>),
        errors: Route,
    ) -> Latest {
        let column = |key: &Expr| match key.kind {
            ExprKind::Column(column) => column,
            _ => panic!("the check lets only fields be a key"),
        };
        let key_columns: Vec<usize> = latest.key.iter().map(column).collect();
        Latest {
            key: KeyColumns::new(&latest.key),
            codec,
            errors,
            rows: Overlay::new(table, cache_bytes, complete),
            changed: Vec::new(),
            key_columns: TableKey::new(&key_columns, schema),
            expiry,
            over: BTreeMap::new(),
            emission,
            keys: Keys::default(),
            slots: Vec::new(),
        }
    }

    fn emit(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        self.changed.sort_unstable();
        self.changed.dedup();
        let mut changes = TableChanges::new(self.codec.builders());
        for slot in self.changed.drain(..) {
            let pushed = match (self.rows.get(slot), self.over.get(&slot)) {
                (Some(row), _) => changes.push_row(row, &self.codec),
                // Nobody was told of one that came and went.
                (None, _) if !self.rows.is_stored(slot) => Ok(()),
                (None, over) => {
                    let over = over.copied().expect("a row is deleted when it is over");
                    changes.push_deletion(&self.key_columns, self.rows.key(slot), over)
                }
            };
            pushed.map_err(|cause| TaskError::corrupt_state(&self.errors.step, &cause))?;
        }
        self.over.clear();
        context.emitted.extend(changes.finish());
        Ok(())
    }

    /// Deletes the rows that are over.
    fn expire(&mut self, watermark: EventTime, context: &mut Context<'_>) -> Result<(), TaskError> {
        let Some(expiry) = &mut self.expiry else { return Ok(()) };
        let mut changes = TableChanges::new(self.codec.builders());
        loop {
            let notes = expiry.take(watermark, context.store)?;
            if notes.is_empty() {
                break;
            }
            for (_, key) in notes {
                let slot = self.rows.lookup(context.store, &key)?;
                let Some(time) = self.rows.get(slot).map(|row| row.time) else { continue };
                if !expiry.is_over(time, watermark) {
                    expiry.note(time, &key);
                    continue;
                }
                *self.rows.modify(slot) = None;
                context.counters.expired += 1;
                if self.emission.at_once {
                    changes
                        .push_deletion(&self.key_columns, &key, expiry.end(time))
                        .map_err(|cause| TaskError::corrupt_state(&self.errors.step, &cause))?;
                } else {
                    self.over.insert(slot, expiry.end(time));
                    self.changed.push(slot);
                }
            }
        }
        expiry.leave(watermark);
        context.emitted.extend(changes.finish());
        Ok(())
    }
}

impl Operator for Latest {
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
        self.rows.resolve(context.store, &self.keys, &mut self.slots)?;
        let mut newest = Vec::new();
        for (&row, &slot) in batch.selection.iter().zip(&self.slots) {
            let time = batch.times[row as usize];
            if self.rows.get(slot).is_some_and(|known| known.time > time) {
                continue;
            }
            if let Some(expiry) = &mut self.expiry {
                if expiry.is_over(time, batch.watermarks[row as usize].max(context.watermark)) {
                    context.counters.expired += 1;
                    continue;
                }
                if self.rows.get(slot).is_none() {
                    expiry.note(time, self.rows.key(slot));
                }
            }
            let mut bytes = Vec::new();
            self.codec.encode(&batch.columns, row as usize, &mut bytes);
            *self.rows.modify(slot) = Some(TimedRow { time, row: bytes.into() });
            if self.emission.at_once {
                newest.push(row);
            } else {
                self.changed.push(slot);
            }
        }
        if !newest.is_empty() {
            let mut given = batch.with_selection(newest);
            given.watermarks = Arc::new(vec![EventTime::MIN; batch.rows()]);
            (given.raw, given.origin) = (None, None);
            context.emitted.push(given);
        }
        Ok(())
    }

    fn on_watermark(
        &mut self,
        watermark: EventTime,
        context: &mut Context<'_>,
    ) -> Result<EventTime, TaskError> {
        self.expire(watermark, context)?;
        Ok(self.emission.promise(watermark))
    }

    fn on_commit(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        self.emit(context)?;
        self.emission.let_out(context.watermark);
        Ok(())
    }

    fn flush(&mut self, writes: &mut WriteSet) {
        self.rows.flush(writes);
        if let Some(expiry) = &mut self.expiry {
            expiry.flush(writes);
        }
    }

    fn committed(&mut self) {
        self.rows.committed();
    }

    fn uncommitted_bytes(&self) -> usize {
        self.rows.uncommitted_bytes() + self.expiry.as_ref().map_or(0, Expiry::uncommitted_bytes)
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
    use tidegate_model::{Column, ScalarType, Span, Value};

    /// Columns: key, value.
    const TYPES: [ScalarType; 2] = [ScalarType::Int; 2];

    #[derive(Clone, Debug)]
    enum Action {
        /// Of a key, so much before or behind the watermark.
        Event(i64, i64),
        /// Event time goes on.
        Advance(i64),
        Commit,
        Restart,
    }

    fn action() -> impl Strategy<Value = Action> {
        prop_oneof![
            6 => (0i64..5, -40i64..40).prop_map(|(key, ahead)| Action::Event(key, ahead)),
            3 => (1i64..30).prop_map(Action::Advance),
            2 => Just(Action::Commit),
            1 => Just(Action::Restart),
        ]
    }

    fn operator(rig: &Rig, ttl: i64, at_once: bool) -> Latest {
        let schema =
            Schema::new(vec![Column::new("key", ScalarType::Int), Column::new("value", ScalarType::Int)]);
        let ttl = Span::from_micros(ttl);
        let latest =
            plan::Latest { key: vec![Expr::column(0, ScalarType::Int, false)], ttl: Some(ttl), errors: None };
        let expiry = Expiry::recover(rig.table, ttl, &rig.store).expect("reads");
        let stored = (rig.table, 1 << 16, rig.store.is_empty(rig.table).expect("reads"));
        let codec = RowCodec::new(&schema, &[true, true]);
        let emission = Emission::new(at_once, false);
        Latest::new(&latest, codec, emission, stored, (&schema, Some(expiry)), no_route("errors"))
    }

    fn int(value: &Value) -> i64 {
        let Value::Int(value) = value else { panic!("{value:?} is no int") };
        *value
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn rows_that_are_over_are_deleted(
            actions in proptest::collection::vec(action(), 1..60),
            ttl in 1i64..50,
            at_once: bool,
        ) {
            let mut rig = Rig::new();
            let mut latest = operator(&rig, ttl, at_once);
            let mut now = 0;
            // By key: time and value.
            let mut table: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
            let mut out: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
            let mut expired = 0;
            let take = |batches: Vec<Batch>, out: &mut BTreeMap<i64, (i64, i64)>| {
                for row in rows(&TYPES, &batches) {
                    let key = int(&row.values[0]);
                    match row.deleted {
                        true => {
                            let before = out.remove(&key).expect("a deletion of a row that was given out");
                            // It may have changed since.
                            assert!(row.time >= before.0 + ttl, "when it was over");
                        }
                        false => drop(out.insert(key, (row.time, int(&row.values[1])))),
                    }
                }
            };
            rig.advance(&mut latest, EventTime::from_micros(now));
            let end = [Action::Commit, Action::Advance(1000), Action::Commit];
            for (number, action) in actions.iter().chain(&end).enumerate() {
                match action {
                    Action::Event(key, ahead) => {
                        let (time, value) = (now + ahead, number as i64);
                        let values = vec![Value::Int(*key), Value::Int(value)];
                        let given = rig.read(&mut latest, 0, batch(&TYPES, &[Row::new(time, values)], now));
                        take(given, &mut out);
                        if table.get(key).is_some_and(|known| known.0 > time) {
                            continue;
                        }
                        if time + ttl <= now {
                            expired += 1;
                            continue;
                        }
                        table.insert(*key, (time, value));
                    }
                    Action::Advance(by) => {
                        now += by;
                        let given = rig.advance(&mut latest, EventTime::from_micros(now)).0;
                        take(given, &mut out);
                        let before = table.len();
                        table.retain(|_, (time, _)| *time + ttl > now);
                        expired += before - table.len();
                    }
                    Action::Commit | Action::Restart => {
                        take(rig.commit(&mut latest), &mut out);
                        prop_assert_eq!(&out, &table);
                        if matches!(action, Action::Restart) {
                            latest = operator(&rig, ttl, at_once);
                        }
                    }
                }
            }
            prop_assert_eq!(rig.counters.expired, expired as u64);
            prop_assert!(table.is_empty());
            prop_assert_eq!(rig.stored(), 0, "neither rows nor notes are left");
        }
    }
}
