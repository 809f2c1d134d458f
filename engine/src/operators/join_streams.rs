//! `join … within`: pairs of events of two streams whose keys are equal and whose times are near.
//!
//! Each event is kept until no partner can come on time, in a bucket of its time (see [`crate::kept_events`]), so that an event looks for its
//! partners in two to three buckets, and what is too old goes bucket by bucket. Of a `left` or `outer` join, an event without a partner is
//! given out alone at that same moment.

use crate::batch::{Batch, Column, ColumnData};
use crate::closed::Closed;
use crate::expression::{Compiled, RowErrors, remove_failed};
use crate::kept_events::{Bucket, Fate, KeptEvents, Side};
use crate::key_columns::{KeyColumns, push_key};
use crate::late::{self, LateRoute};
use crate::operator::{Context, Operator, TaskError};
use crate::route::Route;
use crate::row_codec::RowCodec;
use std::collections::BTreeSet;
use tidegate_model::plan::{self, JoinKind};
use tidegate_model::{EventTime, Span};
use tidegate_state::{CodecError, StateError, Store, TableId, WriteSet};

/// So many pairs are put together at once, however many partners the events of a batch have.
const PAIRS_AT_ONCE: usize = 4096;

/// One of both streams.
pub struct Input {
    pub codec: RowCodec,
    /// Every event that has no partner is given out alone.
    alone: bool,
    key: KeyColumns,
    /// Partners are from `back` before the event to `ahead` behind it.
    back: Span,
    ahead: Span,
}

pub struct JoinStreams {
    kind: JoinKind,
    inputs: [Input; 2],
    grace: Span,
    condition: Option<Compiled>,
    /// For each of both streams; a pair goes where the left one does.
    late: [LateRoute; 2],
    errors: [Route; 2],
    kept: KeptEvents,
    /// Lone events that are due soon, by the moment at which they are due.
    near: BTreeSet<Due>,
    near_buckets: BTreeSet<Bucket>,
    /// Up to which watermark lone events were given out.
    closed: Closed,
}

/// A kept event that is given out alone once the watermark is past `at`, if it has no partner by then.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Due {
    at: EventTime,
    key: Box<[u8]>,
    index: usize,
}

/// A pair in the making: a row of the batch by its place in the selection, and a kept event.
struct Candidate {
    position: usize,
    slot: u32,
    index: usize,
}

impl JoinStreams {
    pub fn new(
        join: &plan::JoinStreams,
        [left, right]: [RowCodec; 2],
        (table, cache_bytes): (TableId, usize),
        store: &Store,
        late: [LateRoute; 2],
        errors: [Route; 2],
    ) -> Result<JoinStreams, StateError> {
        let reach = join.before.plus(join.after);
        Ok(JoinStreams {
            kind: join.kind,
            inputs: [
                Input {
                    codec: left,
                    alone: join.kind != JoinKind::Inner,
                    key: KeyColumns::new(&join.left_key),
                    back: join.before,
                    ahead: join.after,
                },
                Input {
                    codec: right,
                    alone: join.kind == JoinKind::Outer,
                    key: KeyColumns::new(&join.right_key),
                    back: join.after,
                    ahead: join.before,
                },
            ],
            grace: join.grace,
            condition: join.condition.as_ref().map(Compiled::new),
            late,
            errors,
            kept: KeptEvents::open(table, cache_bytes, reach, store)?,
            near: BTreeSet::new(),
            near_buckets: BTreeSet::new(),
            closed: Closed::recover(table, store)?,
        })
    }

    fn corrupt(&self, cause: &CodecError) -> TaskError {
        TaskError::corrupt_state(&self.errors[0].step, cause)
    }

    /// The last watermark at which a partner of an event of this time may come on time.
    fn due_at(&self, side: Side, time: EventTime) -> EventTime {
        time.plus(self.inputs[side.port()].ahead).plus(self.grace)
    }

    /// Fresh columns of the joined rows: the left ones, whether there is a right row, the right ones.
    fn builders(&self) -> Vec<Column> {
        let mut builders = self.inputs[0].codec.builders();
        if self.kind != JoinKind::Inner {
            builders.push(Column { data: ColumnData::Bool(Vec::new()), nulls: None });
        }
        builders.extend(self.inputs[1].codec.builders());
        builders
    }

    /// Appends a joined row; a side that is missing is null.
    fn push(
        &self,
        left: Option<&[u8]>,
        right: Option<&[u8]>,
        builders: &mut [Column],
    ) -> Result<(), TaskError> {
        let (lefts, rest) = builders.split_at_mut(self.inputs[0].codec.width());
        let rights = match (self.kind, rest) {
            (JoinKind::Inner, rest) => rest,
            (_, [presence, rest @ ..]) => {
                let ColumnData::Bool(values) = &mut presence.data else { panic!("a presence is a bool") };
                values.push(right.is_some());
                rest
            }
            _ => unreachable!("a presence stands between both sides"),
        };
        for (row, columns, input) in [(left, lefts, &self.inputs[0]), (right, rights, &self.inputs[1])] {
            match row {
                Some(row) => input.codec.decode(row, columns).map_err(|cause| self.corrupt(&cause))?,
                None => input.codec.push_nulls(columns),
            }
        }
        Ok(())
    }

    /// Gives a lone row to the batch in the making.
    fn push_alone(&self, side: Side, row: &[u8], builders: &mut [Column]) -> Result<(), TaskError> {
        match side {
            Side::Left => self.push(Some(row), None, builders),
            Side::Right => self.push(None, Some(row), builders),
        }
    }

    /// The kept events that may be partners of the rows, in the order of the rows.
    fn candidates(
        &mut self,
        side: Side,
        events: &[Event],
        context: &Context<'_>,
    ) -> Result<Vec<Candidate>, TaskError> {
        let input = &self.inputs[side.port()];
        let (back, ahead) = (input.back, input.ahead);
        let wanted = events.iter().enumerate().map(|(position, event)| {
            let range = event.time.minus(back)..=event.time.plus(ahead);
            (position, event.key.as_slice(), range)
        });
        let chunks = self.kept.chunks(context.store, side.other(), wanted)?;
        let mut candidates = Vec::new();
        for chunk in chunks {
            let time = events[chunk.position].time;
            let range = time.minus(back)..=time.plus(ahead);
            for (index, event) in self.kept.events(chunk.slot).iter().enumerate() {
                if range.contains(&event.time) && event.fate != Fate::Alone {
                    candidates.push(Candidate { position: chunk.position, slot: chunk.slot, index });
                }
            }
        }
        Ok(candidates)
    }

    /// Puts pairs together, gives those out that fulfil the condition, and notes who has a partner.
    fn pair(
        &mut self,
        side: Side,
        events: &mut [Event],
        candidates: &[Candidate],
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        let mut builders = self.builders();
        let mut times = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            let event = &events[candidate.position];
            let partner = &self.kept.events(candidate.slot)[candidate.index];
            let (mine, theirs) = (Some(&*event.row), Some(&*partner.row));
            let (left, right) = if side == Side::Left { (mine, theirs) } else { (theirs, mine) };
            self.push(left, right, &mut builders)?;
            times.push(event.time.max(partner.time));
        }
        let mut batch = Batch::of_results(builders, times);
        if let Some(condition) = &self.condition {
            let mut errors = RowErrors::default();
            let mut selection = batch.selection.clone();
            condition.filter(&batch, &mut selection, &mut errors);
            self.errors[Side::Left.port()].settle(&mut batch, &errors, context)?;
            remove_failed(&mut selection, &errors);
            batch.selection = selection;
        }
        for pair in &batch.selection {
            let candidate = &candidates[*pair as usize];
            events[candidate.position].matched = true;
            if self.inputs[side.other().port()].alone {
                self.kept.set_fate(candidate.slot, candidate.index, Fate::Matched);
            }
        }
        if !batch.is_empty() {
            context.emitted.push(batch);
        }
        Ok(())
    }

    /// Keeps the events for partners that come later.
    fn keep(&mut self, side: Side, events: Vec<Event>, context: &Context<'_>) -> Result<(), TaskError> {
        let alone = self.inputs[side.port()].alone;
        for event in events {
            let fate = if event.matched && alone { Fate::Matched } else { Fate::Open };
            let at = self.due_at(side, event.time);
            let place = self.kept.add(context.store, side, &event.key, event.time, event.row, fate)?;
            if alone && fate == Fate::Open && self.near_buckets.contains(&place.bucket) {
                self.near.insert(Due { at, key: self.kept.key(place.slot).into(), index: place.index });
            }
        }
        Ok(())
    }

    /// Gives out the lone events that are due before `watermark`.
    fn let_out_alone(&mut self, watermark: EventTime, context: &mut Context<'_>) -> Result<(), TaskError> {
        for side in [Side::Left, Side::Right].into_iter().filter(|side| self.inputs[side.port()].alone) {
            let due = self.kept.buckets(side).filter(|bucket| self.due_at(side, bucket.start) < watermark);
            let new: BTreeSet<Bucket> = due.filter(|bucket| !self.near_buckets.contains(bucket)).collect();
            if new.is_empty() {
                continue;
            }
            for slot in self.kept.slots_of(context.store, &new)? {
                for (index, event) in self.kept.events(slot).iter().enumerate() {
                    let at = self.due_at(side, event.time);
                    // Before `closed` they have been given out.
                    if event.fate == Fate::Open && at >= self.closed.at() {
                        self.near.insert(Due { at, key: self.kept.key(slot).into(), index });
                    }
                }
            }
            self.near_buckets.extend(new);
        }
        if self.near.first().is_none_or(|due| due.at >= watermark) {
            return Ok(());
        }
        let mut builders = self.builders();
        let mut times = Vec::new();
        while self.near.first().is_some_and(|due| due.at < watermark) {
            let due = self.near.pop_first().expect("there is one");
            let slot = self.kept.lookup(context.store, &due.key)?;
            let event = &self.kept.events(slot)[due.index];
            if event.fate != Fate::Open {
                continue;
            }
            let side = Side::of_key(&due.key).map_err(|cause| self.corrupt(&cause))?;
            self.push_alone(side, &event.row, &mut builders)?;
            times.push(event.time);
            if watermark == EventTime::MAX {
                // The input may go on in a later run, before the watermark that this was due at.
                self.kept.set_fate(slot, due.index, Fate::Alone);
            }
        }
        if !times.is_empty() {
            self.closed.gave_out();
            context.emitted.push(Batch::of_results(builders, times));
        }
        Ok(())
    }

    /// Forgets the buckets whose events can have no partner any more.
    fn expire(&mut self, watermark: EventTime, store: &Store) -> Result<(), TaskError> {
        let mut expired = BTreeSet::new();
        for side in [Side::Left, Side::Right] {
            let is_over = |bucket: &Bucket| self.due_at(side, self.kept.last_of(*bucket)) < watermark;
            expired.extend(self.kept.buckets(side).filter(is_over));
        }
        self.kept.drop_buckets(store, &expired)?;
        for bucket in &expired {
            self.near_buckets.remove(bucket);
        }
        Ok(())
    }
}

/// A row of a batch on its way into the store.
struct Event {
    time: EventTime,
    key: Vec<u8>,
    row: Box<[u8]>,
    matched: bool,
}

impl Operator for JoinStreams {
    fn on_batch(
        &mut self,
        port: usize,
        mut batch: Batch,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        let side = Side::of_port(port);
        let grace = self.grace;
        // An event that is on time by its own source is one for the task, too; a source that has just woken may be behind.
        let closed = context.watermark;
        let expires_at = |time: EventTime| time.plus(grace).plus(Span::from_micros(1));
        late::set_aside(
            &mut batch,
            "the event's partners were given up at",
            expires_at,
            closed,
            &self.late[port],
            context,
        )?;
        let mut errors = RowErrors::default();
        let key = self.inputs[port].key.evaluate(&batch, &mut errors);
        self.errors[port].settle(&mut batch, &errors, context)?;
        let mut events: Vec<Event> = Vec::with_capacity(batch.selection.len());
        for &row in &batch.selection {
            let row = row as usize;
            let (mut encoded, mut bytes) = (Vec::new(), Vec::new());
            push_key(&key, row, &mut encoded);
            self.inputs[port].codec.encode(&batch.columns, row, &mut bytes);
            events.push(Event { time: batch.times[row], key: encoded, row: bytes.into(), matched: false });
        }
        let candidates = self.candidates(side, &events, context)?;
        for candidates in candidates.chunks(PAIRS_AT_ONCE) {
            self.pair(side, &mut events, candidates, context)?;
        }
        self.keep(side, events, context)
    }

    fn on_watermark(
        &mut self,
        watermark: EventTime,
        context: &mut Context<'_>,
    ) -> Result<EventTime, TaskError> {
        self.let_out_alone(watermark, context)?;
        if watermark == EventTime::MAX {
            return Ok(watermark);
        }
        self.closed.reach(watermark);
        self.expire(watermark, context.store)?;
        // A pair has the time of the event that completes it, or a greater one; a lone event its own.
        let alone = self.inputs.iter().filter(|input| input.alone).map(|input| input.ahead).max();
        Ok(watermark.minus(self.grace).minus(alone.unwrap_or_default()))
    }

    fn flush(&mut self, writes: &mut WriteSet) {
        self.kept.flush(writes);
        self.closed.flush(writes);
    }

    fn committed(&mut self) {
        self.kept.committed();
    }

    fn uncommitted_bytes(&self) -> usize {
        self.kept.uncommitted_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::{Rig, Row, batch, no_route, rows};
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use tidegate_model::expr::{Comparison, Expr, ExprKind};
    use tidegate_model::{Column as SchemaColumn, ScalarType, Schema, Value};

    /// A key and a number that no other event of the side has.
    const TYPES: [ScalarType; 2] = [ScalarType::Int, ScalarType::Int];

    #[derive(Clone, Debug)]
    enum Action {
        /// Events of one side in one batch: how long behind the watermark's next step, and the key.
        Read(Side, Vec<(i64, i64)>),
        Advance(i64),
        Commit,
        Restart,
        /// The inputs end, and go on in a later run.
        End,
    }

    fn action() -> impl Strategy<Value = Action> {
        let side = prop_oneof![Just(Side::Left), Just(Side::Right)];
        let event = (-12i64..20, 0i64..3);
        prop_oneof![
            8 => (side, proptest::collection::vec(event, 1..5)).prop_map(|(side, events)| Action::Read(side, events)),
            4 => (1i64..10).prop_map(Action::Advance),
            2 => Just(Action::Commit),
            1 => Just(Action::Restart),
            1 => Just(Action::End),
        ]
    }

    #[derive(Clone, Copy, Debug)]
    struct Rules {
        kind: JoinKind,
        before: i64,
        after: i64,
        grace: i64,
        conditional: bool,
    }

    /// The left number is less than the right one.
    fn is_pair(rules: Rules, left: i64, right: i64) -> bool {
        !rules.conditional || left < right
    }

    fn operator(rig: &Rig, rules: Rules, budget: usize) -> JoinStreams {
        let column = |name: &str| SchemaColumn::nullable(name, ScalarType::Int);
        let schema = Schema::new(vec![column("key"), column("number")]);
        let right = if rules.kind == JoinKind::Inner { 3 } else { 4 };
        let number = |index| Box::new(Expr::column(index, ScalarType::Int, true));
        let less = ExprKind::Compare(Comparison::Less, number(1), number(right));
        let join = plan::JoinStreams {
            kind: rules.kind,
            left_key: vec![Expr::column(0, ScalarType::Int, false)],
            right_key: vec![Expr::column(0, ScalarType::Int, false)],
            before: Span::from_micros(rules.before),
            after: Span::from_micros(rules.after),
            grace: Span::from_micros(rules.grace),
            alias: "r".to_owned(),
            condition: rules.conditional.then_some(Expr { ty: ScalarType::Bool, nullable: true, kind: less }),
            late: None,
            errors: None,
        };
        let codec = || RowCodec::new(&schema, &[true, true]);
        let stored = (rig.table, budget);
        let late = || LateRoute::new(no_route("late"));
        JoinStreams::new(
            &join,
            [codec(), codec()],
            stored,
            &rig.store,
            [late(), late()],
            [(); 2].map(|()| no_route("errors")),
        )
        .expect("opens")
    }

    /// The rules, without buckets, chunks and stores: every event that was on time, and what was given out of it.
    #[derive(Clone, Debug)]
    struct Known {
        time: i64,
        key: i64,
        number: i64,
        matched: bool,
        alone: bool,
    }

    type Joined = (i64, Option<i64>, Option<i64>);

    struct Naive {
        rules: Rules,
        watermark: i64,
        sides: [Vec<Known>; 2],
        late: u64,
    }

    impl Naive {
        fn read(&mut self, side: Side, time: i64, key: i64, number: i64) -> Vec<Joined> {
            if time + self.rules.grace < self.watermark {
                self.late += 1;
                return Vec::new();
            }
            let mut event = Known { time, key, number, matched: false, alone: false };
            let mut out = Vec::new();
            for other in &mut self.sides[side.other().port()] {
                let (left, right) = if side == Side::Left { (&event, &*other) } else { (&*other, &event) };
                let near =
                    left.time - self.rules.before <= right.time && right.time <= left.time + self.rules.after;
                let equal = left.key == right.key;
                if near && equal && !other.alone && is_pair(self.rules, left.number, right.number) {
                    out.push((left.time.max(right.time), Some(left.number), Some(right.number)));
                    event.matched = true;
                    other.matched = true;
                }
            }
            self.sides[side.port()].push(event);
            out
        }

        fn gives_alone(&self, side: Side) -> bool {
            match self.rules.kind {
                JoinKind::Inner => false,
                JoinKind::Left => side == Side::Left,
                JoinKind::Outer => true,
            }
        }

        /// None: the inputs end.
        fn advance(&mut self, watermark: Option<i64>) -> Vec<Joined> {
            let mut out = Vec::new();
            for side in [Side::Left, Side::Right] {
                let ahead = if side == Side::Left { self.rules.after } else { self.rules.before };
                let gives = self.gives_alone(side);
                for event in &mut self.sides[side.port()] {
                    let due =
                        watermark.is_none_or(|watermark| watermark > event.time + ahead + self.rules.grace);
                    if due && gives && !event.matched && !event.alone {
                        event.alone = true;
                        out.push(lone(side, event));
                    }
                }
            }
            self.watermark = watermark.unwrap_or(self.watermark);
            out
        }
    }

    fn lone(side: Side, event: &Known) -> Joined {
        match side {
            Side::Left => (event.time, Some(event.number), None),
            Side::Right => (event.time, None, Some(event.number)),
        }
    }

    fn sorted(mut rows: Vec<Joined>) -> Vec<Joined> {
        rows.sort_unstable();
        rows
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(192))]
        #[test]
        fn pairs_and_lone_events_are_those_of_the_rules(
            actions in proptest::collection::vec(action(), 1..80),
            kind in prop_oneof![Just(JoinKind::Inner), Just(JoinKind::Left), Just(JoinKind::Outer)],
            (before, after) in prop_oneof![(1i64..15, 0i64..15), (0i64..15, 1i64..15)],
            grace in 0i64..6,
            conditional: bool,
            budget in prop_oneof![Just(0usize), Just(1 << 20)],
        ) {
            let rules = Rules { kind, before, after, grace, conditional };
            let mut rig = Rig::new();
            let mut join = operator(&rig, rules, budget);
            let mut naive = Naive { rules, watermark: 0, sides: [Vec::new(), Vec::new()], late: 0 };
            let mut types = TYPES.to_vec();
            if kind != JoinKind::Inner {
                types.push(ScalarType::Bool);
            }
            types.extend(TYPES);
            let right = types.len() - 1;
            let int = |value: &Value| match value {
                Value::Int(value) => Some(*value),
                _ => None,
            };
            let told = |batches: &[Batch]| {
                let rows = rows(&types, batches);
                sorted(rows.iter().map(|row| (row.time, int(&row.values[1]), int(&row.values[right]))).collect())
            };
            let mut promised = EventTime::MIN;
            let mut numbers: BTreeMap<Side, i64> = BTreeMap::new();
            rig.advance(&mut join, EventTime::from_micros(0));
            for action in actions {
                let watermark = naive.watermark;
                let (given, wanted) = match action {
                    Action::Read(side, events) => {
                        let mut read = Vec::new();
                        let mut wanted = Vec::new();
                        for (offset, key) in events {
                            let number = numbers.entry(side).or_default();
                            *number += 1;
                            let time = watermark + offset;
                            let values = vec![Value::Int(key), Value::Int(*number)];
                            read.push(Row::new(time, values));
                            wanted.extend(naive.read(side, time, key, *number));
                        }
                        let given = rig.read(&mut join, side.port(), batch(&TYPES, &read, watermark));
                        (given, wanted)
                    }
                    Action::Advance(by) => {
                        let wanted = naive.advance(Some(watermark + by));
                        let (given, promise) = rig.advance(&mut join, EventTime::from_micros(watermark + by));
                        let early = rows(&types, &given).iter().any(|row| row.time < promised.micros());
                        prop_assert!(!early, "rows before what was promised");
                        promised = promise;
                        (given, wanted)
                    }
                    Action::Commit => (rig.commit(&mut join), Vec::new()),
                    Action::Restart => {
                        rig.commit(&mut join);
                        join = operator(&rig, rules, budget);
                        rig.advance(&mut join, EventTime::from_micros(watermark))
                            .0
                            .is_empty()
                            .then_some((Vec::new(), Vec::new()))
                            .expect("nothing is given out again")
                    }
                    Action::End => {
                        let wanted = naive.advance(None);
                        let (given, _) = rig.advance(&mut join, EventTime::MAX);
                        rig.commit(&mut join);
                        join = operator(&rig, rules, budget);
                        rig.advance(&mut join, EventTime::from_micros(watermark));
                        (given, wanted)
                    }
                };
                prop_assert_eq!(told(&given), sorted(wanted));
                prop_assert_eq!(rig.counters.late, naive.late);
            }
            // What no event can be a partner of is not kept.
            rig.advance(&mut join, EventTime::from_micros(naive.watermark + 1000));
            rig.commit(&mut join);
            let left = rig.store.dump(rig.table).expect("dumps");
            prop_assert!(left.iter().all(|(key, _)| key == crate::closed::CLOSED_KEY), "{left:?}");
        }
    }

    #[test]
    fn a_busy_key_fills_chunk_after_chunk() {
        let rules = Rules { kind: JoinKind::Left, before: 100, after: 0, grace: 0, conditional: false };
        let mut rig = Rig::new();
        let mut join = operator(&rig, rules, 0);
        let event = |time: i64| Row::new(time, vec![Value::Int(1), Value::Int(time)]);
        for round in 0..3 {
            let events: Vec<Row> = (0..100).map(|index| event(round * 10 + index % 10)).collect();
            assert!(rig.read(&mut join, 1, batch(&TYPES, &events, 0)).is_empty());
            rig.commit(&mut join);
        }
        assert_eq!(rig.stored(), 5, "300 events of one bucket, 64 in a chunk");
        let mut join = operator(&rig, rules, 0);
        let given = rig.read(&mut join, 0, batch(&TYPES, &[event(29)], 0));
        assert_eq!(given.iter().map(|batch| batch.selection.len()).sum::<usize>(), 300);
    }
}
