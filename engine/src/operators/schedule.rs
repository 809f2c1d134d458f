//! `schedule at T by K`: holds an event back until event time has come to T; with `wall clock`, until the machine's clock has.
//!
//! What an event replaces or cancels is decided by the watermark of its own source partition just before it: what was due by then goes on,
//! whether it has been let out already or waits for the end of a batch. So which events go on does not depend on how they are cut into batches.

use crate::batch::{Batch, ColumnData};
use crate::clock::WallTime;
use crate::expression::{Compiled, RowErrors, remove_failed};
use crate::key_columns::{KeyColumns, push_key};
use crate::operator::{Context, Operator, TaskError};
use crate::route::Route;
use crate::row_codec::RowCodec;
use crate::time_queue::{self, OTHERS, TimeQueue};
use crate::watermark::Upstream;
use std::collections::VecDeque;
use tidegate_model::plan;
use tidegate_model::{EventTime, ScalarType, Span};
use tidegate_state::value::{self, Decoder};
use tidegate_state::{CodecError, Overlay, StateError, StateValue, Store, TableId, WriteSet};

/// An event that waits, with its encoded key where events of a key are looked for.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Waiting {
    key: Box<[u8]>,
    row: Box<[u8]>,
}

impl StateValue for Waiting {
    fn encode(&self, out: &mut Vec<u8>) {
        value::put_bytes(out, &self.key);
        value::put_bytes(out, &self.row);
    }

    fn decode(bytes: &[u8]) -> Result<Waiting, CodecError> {
        let mut from = Decoder::new(bytes);
        Ok(Waiting { key: from.bytes()?.into(), row: from.bytes()?.into() })
    }

    fn bytes(&self) -> usize {
        self.key.len() + self.row.len() + 48
    }
}

/// Where in the queue the events of one key wait, in the order in which they are due.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Places(VecDeque<Box<[u8]>>);

impl Places {
    fn add(&mut self, place: Box<[u8]>) {
        let at = self.0.partition_point(|known| *known < place);
        self.0.insert(at, place);
    }
}

impl StateValue for Places {
    fn encode(&self, out: &mut Vec<u8>) {
        for place in &self.0 {
            value::put_bytes(out, place);
        }
    }

    fn decode(bytes: &[u8]) -> Result<Places, CodecError> {
        let mut from = Decoder::new(bytes);
        let mut places = Places::default();
        while !from.is_empty() {
            places.add(from.bytes()?.into());
        }
        Ok(places)
    }

    fn bytes(&self) -> usize {
        self.0.iter().map(|place| place.len() + 32).sum()
    }
}

pub struct Schedule {
    at: Compiled,
    key: KeyColumns,
    replace: bool,
    cancel: Option<Compiled>,
    wall_clock: bool,
    codec: RowCodec,
    errors: Route,
    queue: TimeQueue<Waiting>,
    /// Kept only where events replace or cancel others.
    places: Overlay<Places>,
}

impl Schedule {
    pub fn new(
        schedule: &plan::Schedule,
        codec: RowCodec,
        (table, cache_bytes): (TableId, usize),
        store: &Store,
        errors: Route,
    ) -> Result<Schedule, StateError> {
        Ok(Schedule {
            at: Compiled::new(&schedule.at),
            key: KeyColumns::new(&schedule.key),
            replace: schedule.replace,
            cancel: schedule.cancel.as_ref().map(Compiled::new),
            wall_clock: schedule.wall_clock,
            codec,
            errors,
            queue: TimeQueue::open(table, cache_bytes / 2, store)?,
            places: Overlay::new(table, cache_bytes / 2, store.is_empty(table)?),
        })
    }

    fn finds_by_key(&self) -> bool {
        self.replace || self.cancel.is_some()
    }

    fn slot(&mut self, key: &[u8], store: &Store) -> Result<u32, StateError> {
        let mut name = vec![OTHERS];
        name.extend_from_slice(key);
        self.places.lookup(store, &name)
    }

    /// Takes away what waits under the key for a moment behind `now`.
    fn take_away(&mut self, key: &[u8], now: EventTime, store: &Store) -> Result<(), StateError> {
        let slot = self.slot(key, store)?;
        if self.places.get(slot).is_none() {
            return Ok(());
        }
        let places = self.places.modify(slot);
        while let Some(last) = places.as_ref().and_then(|places| places.0.back()) {
            if time_queue::due_of(last)? <= now {
                break;
            }
            let last = places.as_mut().and_then(|places| places.0.pop_back()).expect("there is one");
            self.queue.remove(store, &last)?;
        }
        places.take_if(|left| left.0.is_empty());
        Ok(())
    }

    /// Gives out what is due by `now`, each with the moment as its time, or the watermark if that is later.
    fn let_out(&mut self, now: EventTime, context: &mut Context<'_>) -> Result<(), TaskError> {
        let limit = (now != EventTime::MAX).then(|| now.plus(Span::from_micros(1)));
        let earliest = if self.wall_clock { context.watermark } else { EventTime::MIN };
        let mut builders = self.codec.builders();
        let mut times = Vec::new();
        while let Some((due, place, waiting)) = self.queue.pop(context.store, limit)? {
            if self.finds_by_key() {
                let slot = self.slot(&waiting.key, context.store)?;
                let places = self.places.modify(slot);
                if let Some(left) = places {
                    let first = left.0.pop_front();
                    assert!(
                        first.as_ref() == Some(&place),
                        "the events of a key go on in the order in which they are due"
                    );
                }
                places.take_if(|left| left.0.is_empty());
            }
            self.codec
                .decode(&waiting.row, &mut builders)
                .map_err(|cause| TaskError::corrupt_state(&self.errors.step, &cause))?;
            times.push(due.max(earliest));
        }
        if !times.is_empty() {
            context.emitted.push(Batch::of_results(builders, times));
        }
        Ok(())
    }
}

impl Operator for Schedule {
    fn on_batch(
        &mut self,
        _port: usize,
        mut batch: Batch,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        let mut errors = RowErrors::default();
        let key = self.key.evaluate(&batch, &mut errors);
        let due = self.at.eval(&batch, &batch.selection, &mut errors);
        let mut cancels = batch.selection.clone();
        match &self.cancel {
            Some(cancel) => cancel.filter(&batch, &mut cancels, &mut errors),
            None => cancels.clear(),
        }
        self.errors.settle(&mut batch, &errors, context)?;
        remove_failed(&mut cancels, &errors);
        let mut at_once = Vec::new();
        for &row in &batch.selection {
            let mut encoded = Vec::new();
            push_key(&key, row as usize, &mut encoded);
            let cancels = cancels.binary_search(&row).is_ok();
            let now = match self.wall_clock {
                true => context.now.date().unwrap_or(EventTime::MIN),
                false => batch.watermarks[row as usize].max(context.watermark),
            };
            if cancels || self.replace {
                self.take_away(&encoded, now, context.store)?;
            }
            if cancels {
                continue;
            }
            let ColumnData::Int(moments) = &due.data else { panic!("a {} is due", ScalarType::Timestamp) };
            let moment = EventTime::from_micros(moments[row as usize]);
            let is_past = !self.wall_clock && moment <= batch.times[row as usize];
            if is_past || moment <= now {
                at_once.push(row);
                continue;
            }
            let mut bytes = Vec::new();
            self.codec.encode(&batch.columns, row as usize, &mut bytes);
            let finds_by_key = self.finds_by_key();
            let key: Box<[u8]> = if finds_by_key { encoded.as_slice().into() } else { Box::default() };
            let place = self.queue.push(context.store, moment, Waiting { key, row: bytes.into() })?;
            if finds_by_key {
                let slot = self.slot(&encoded, context.store)?;
                self.places.modify(slot).get_or_insert_default().add(place);
            }
        }
        if !at_once.is_empty() {
            let mut given = batch.with_selection(at_once);
            // As those that wait: none of them has its record any more.
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
        if !self.wall_clock {
            self.let_out(watermark, context)?;
        }
        Ok(watermark)
    }

    fn on_commit(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        match context.now.date() {
            Some(now) if self.wall_clock => self.let_out(now, context),
            _ => Ok(()),
        }
    }

    fn has_pending(&self, _upstream: Upstream, now: WallTime) -> bool {
        self.wall_clock && now.date().is_some_and(|now| self.queue.is_due_by(now))
    }

    fn flush(&mut self, writes: &mut WriteSet) {
        self.queue.flush(writes);
        self.places.flush(writes);
    }

    fn committed(&mut self) {
        self.queue.committed();
        self.places.committed();
    }

    fn uncommitted_bytes(&self) -> usize {
        self.queue.uncommitted_bytes() + self.places.uncommitted_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::{Rig, Row, batch, no_route, rows};
    use proptest::prelude::*;
    use tidegate_model::expr::{Comparison, Expr, ExprKind};
    use tidegate_model::{Column as SchemaColumn, Schema, Value};

    /// Key, moment, number; a negative number cancels.
    const TYPES: [ScalarType; 3] = [ScalarType::Int, ScalarType::Timestamp, ScalarType::Int];

    #[derive(Clone, Debug)]
    enum Action {
        /// How far behind the watermark the event is, how far behind the event it is due, its key, and whether it cancels.
        Read(i64, i64, i64, bool),
        Advance(i64),
        Commit,
        Restart,
    }

    fn action() -> impl Strategy<Value = Action> {
        let event = (-5i64..10, -5i64..30, 0i64..3, proptest::bool::weighted(0.2));
        prop_oneof![
            6 => event.prop_map(|(ahead, wait, key, cancels)| Action::Read(ahead, wait, key, cancels)),
            3 => (1i64..8).prop_map(Action::Advance),
            2 => Just(Action::Commit),
            1 => Just(Action::Restart),
        ]
    }

    fn operator(rig: &Rig, replace: bool, cancels: bool) -> Schedule {
        let schema = Schema::new(vec![
            SchemaColumn::new("key", ScalarType::Int),
            SchemaColumn::new("at", ScalarType::Timestamp),
            SchemaColumn::new("number", ScalarType::Int),
        ]);
        let number = Box::new(Expr::column(2, ScalarType::Int, false));
        let zero = Box::new(Expr::constant(Value::Int(0), ScalarType::Int));
        let negative = ExprKind::Compare(Comparison::Less, number, zero);
        let schedule = plan::Schedule {
            at: Expr::column(1, ScalarType::Timestamp, false),
            key: vec![Expr::column(0, ScalarType::Int, false)],
            replace,
            cancel: cancels.then_some(Expr { ty: ScalarType::Bool, nullable: false, kind: negative }),
            wall_clock: false,
            errors: None,
        };
        let codec = RowCodec::new(&schema, &[true; 3]);
        Schedule::new(&schedule, codec, (rig.table, 1 << 20), &rig.store, no_route("errors")).expect("opens")
    }

    #[test]
    fn what_was_due_before_an_event_is_not_replaced_by_it_in_one_batch_either() {
        let mut rig = Rig::new();
        let mut schedule = operator(&rig, true, true);
        rig.advance(&mut schedule, EventTime::from_micros(0));
        // (time, due, number, own watermark): the third replaces the second and not the first, the fourth cancels the third.
        let events =
            [(1, 5, 1, 0), (7, 9, 2, 6), (8, 12, 3, 8), (11, 20, -4, 11), (13, 30, 5, 13), (14, 25, 6, 14)];
        let own = events.map(|(.., own)| EventTime::from_micros(own));
        let rows_in = events.map(|(time, due, number, _)| {
            Row::new(time, vec![Value::Int(0), Value::Timestamp(due), Value::Int(number)])
        });
        let mut all = batch(&TYPES, &rows_in, 0);
        all.watermarks = std::sync::Arc::new(own.to_vec());
        assert!(rig.read(&mut schedule, 0, all).is_empty());
        let (given, _) = rig.advance(&mut schedule, EventTime::from_micros(1000));
        let given: Vec<(i64, Value)> =
            rows(&TYPES, &given).into_iter().map(|row| (row.time, row.values[2].clone())).collect();
        assert_eq!(given, [(5, Value::Int(1)), (25, Value::Int(6))]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn events_go_on_when_they_are_due(
            actions in proptest::collection::vec(action(), 1..60), replace: bool, cancels: bool) {
            let mut rig = Rig::new();
            let mut schedule = operator(&rig, replace, cancels);
            let mut watermark = 0;
            rig.advance(&mut schedule, EventTime::from_micros(0));
            // (due, number, key), in the order read.
            let mut waiting: Vec<(i64, i64, i64)> = Vec::new();
            let mut number = 0;
            let told = |batches: &[Batch]| -> Vec<(i64, Value)> {
                rows(&TYPES, batches).into_iter().map(|row| (row.time, row.values[2].clone())).collect()
            };
            for action in actions.into_iter().chain([Action::Advance(1000)]) {
                match action {
                    Action::Read(ahead, wait, key, cancel) => {
                        let (time, due) = (watermark + ahead, watermark + ahead + wait);
                        number += 1;
                        let signed = if cancel { -number } else { number };
                        let values = vec![Value::Int(key), Value::Timestamp(due), Value::Int(signed)];
                        let given = rig.read(&mut schedule, 0, batch(&TYPES, &[Row::new(time, values)], watermark));
                        let cancel = cancel && cancels;
                        if cancel || replace {
                            waiting.retain(|(_, _, other)| *other != key);
                        }
                        let at_once = !cancel && due <= time.max(watermark);
                        let wanted = if at_once { vec![(time, Value::Int(signed))] } else { Vec::new() };
                        prop_assert_eq!(told(&given), wanted);
                        if !cancel && !at_once {
                            waiting.push((due, signed, key));
                        }
                    }
                    Action::Advance(by) => {
                        watermark += by;
                        let (given, promised) = rig.advance(&mut schedule, EventTime::from_micros(watermark));
                        prop_assert_eq!(promised.micros(), watermark);
                        let (mut due, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(due, _, _)| *due <= watermark);
                        waiting = later;
                        due.sort_by_key(|(due, _, _)| *due);
                        let wanted: Vec<(i64, Value)> = due.into_iter().map(|(due, number, _)| (due, Value::Int(number))).collect();
                        prop_assert_eq!(told(&given), wanted);
                    }
                    Action::Commit => drop(rig.commit(&mut schedule)),
                    Action::Restart => {
                        rig.commit(&mut schedule);
                        schedule = operator(&rig, replace, cancels);
                        let (given, _) = rig.advance(&mut schedule, EventTime::from_micros(watermark));
                        prop_assert!(given.is_empty(), "nothing is given out twice");
                    }
                }
            }
            rig.commit(&mut schedule);
            prop_assert!(rig.stored() <= 1, "only the number of the next row is left");
        }
    }
}
