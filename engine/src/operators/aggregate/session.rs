//! Sessions: chains of events of one key whose neighbours are at most `size` apart.
//!
//! State is one [`Session`] for each that is not final, on the line of its key at its anchor: the time of the event that began it. The
//! anchors and the last events of a key's sessions alternate (anchor <= last < next anchor), so that what an event may join is next to it.

use super::Parts;
use crate::batch::Batch;
use crate::clock::WallTime;
use crate::closed::Closed;
use crate::due::Due;
use crate::emitting::Emitting;
use crate::expression::RowErrors;
use crate::group::{Arguments, Group, update};
use crate::key_columns::{KeyColumns, push_key};
use crate::late::LateRoute;
use crate::operator::{Context, Operator, TaskError};
use crate::result_rows::{ResultRows, Rows};
use crate::route::Route;
use crate::slices::Bounds;
use crate::watermark::Upstream;
use std::collections::BTreeSet;
use tidegate_model::plan::Emit;
use tidegate_model::{EventTime, Span};
use tidegate_state::key::window_prefix;
use tidegate_state::value::{self, Decoder};
use tidegate_state::{CodecError, Keys, Overlay, Side, StateError, StateValue, Store, WriteSet};

/// What the keys of sessions begin with; those of [`Due`] begin otherwise.
const TAG: u8 = 1;
/// So many rows go on in one batch.
const ROWS_AT_ONCE: usize = 4096;
const MICRO: Span = Span::from_micros(1);

#[derive(Clone, PartialEq, Debug)]
struct Session {
    first: EventTime,
    last: EventTime,
    /// The bounds under which rows were given out that were not deleted since.
    given: Vec<Bounds>,
    group: Group,
}

impl Session {
    fn bounds(&self) -> Bounds {
        Bounds { start: self.first, end: self.last }
    }
}

impl StateValue for Session {
    fn encode(&self, out: &mut Vec<u8>) {
        let put = |bounds: Bounds, out: &mut Vec<u8>| {
            value::put_i64(out, bounds.start.micros());
            value::put_i64(out, bounds.end.micros() - bounds.start.micros());
        };
        put(self.bounds(), out);
        value::put_u64(out, self.given.len() as u64);
        self.given.iter().for_each(|given| put(*given, out));
        self.group.encode(out);
    }

    fn decode(bytes: &[u8]) -> Result<Session, CodecError> {
        let mut from = Decoder::new(bytes);
        let bounds = |from: &mut Decoder<'_>| -> Result<Bounds, CodecError> {
            let start = EventTime::from_micros(from.i64()?);
            Ok(Bounds { start, end: start.plus(Span::from_micros(from.i64()?)) })
        };
        let now = bounds(&mut from)?;
        let mut given = Vec::new();
        for _ in 0..from.u64()? {
            given.push(bounds(&mut from)?);
        }
        Ok(Session { first: now.start, last: now.end, given, group: Group::decode(from.rest())? })
    }

    fn bytes(&self) -> usize {
        self.group.bytes() + self.given.len() * size_of::<Bounds>() + 40
    }
}

pub struct Sessions {
    size: Span,
    grace: Span,
    key: KeyColumns,
    arguments: Arguments,
    results: ResultRows,
    late: LateRoute,
    errors: Route,
    sessions: Overlay<Session>,
    /// When each session has to be looked at: where it would have been final when it was noted.
    due: Due,
    /// Every session that is final at this watermark was given out.
    closed: Closed,
    emitting: Emitting,
    /// Where rows come with the commits: what changed since the last one.
    changed: BTreeSet<u32>,
    line: Vec<u8>,
}

impl Sessions {
    pub fn new(parts: Parts<'_>) -> Result<Sessions, StateError> {
        let Parts { aggregate, feeds, table, store, cache_bytes, late, errors, .. } = parts;
        let window = aggregate.window.as_ref().expect("sessions are windows");
        let range = window.size.plus(window.grace);
        let mut operator = Sessions {
            size: window.size,
            grace: window.grace,
            key: KeyColumns::new(&aggregate.key),
            arguments: Arguments::new(&aggregate.functions),
            results: ResultRows::new(aggregate, &errors.step, errors.line),
            late,
            errors,
            sessions: Overlay::on_lines(table, cache_bytes, false),
            due: Due::recover(table, range, store)?,
            closed: Closed::recover(table, store)?,
            // The last event of a session that is not final may be older than the watermark by this.
            emitting: Emitting::new(aggregate.emit, range, feeds),
            changed: BTreeSet::new(),
            line: Vec::new(),
        };
        operator.sessions.fill(store, &[TAG])?;
        if operator.emitting.is_every() {
            let pending = &mut operator.emitting.pending;
            store.scan_from(table, &[TAG], &mut |key, bytes| {
                let is_session = key.first() == Some(&TAG);
                if is_session && Session::decode(bytes).is_ok_and(|session| session.group.pending.is_some()) {
                    pending.insert(key.into());
                }
                is_session
            })?;
        }
        Ok(operator)
    }

    /// A session is final when the watermark is greater.
    fn due_at(&self, last: EventTime) -> EventTime {
        last.plus(self.size).plus(self.grace)
    }

    /// Finds the session that an event makes, joins, or makes of two. None: the event is late.
    fn join(
        &mut self,
        line: &[u8],
        time: EventTime,
        watermark: EventTime,
        store: &Store,
    ) -> Result<Option<u32>, StateError> {
        // The watermark has left a session behind whose last event is older than this.
        let settled = watermark.minus(self.grace).minus(self.size);
        let from = time.max(settled);
        let at_or_before =
            self.sessions.nearest(store, line, window_prefix(from.plus(MICRO)), Side::Before)?;
        let last = |sessions: &Overlay<Session>, slot: u32| sessions.get(slot).expect("it is there").last;
        let holds = at_or_before.filter(|slot| last(&self.sessions, *slot) >= from);
        // The first session that ends at or behind the event.
        let behind = match holds {
            Some(slot) => Some(slot),
            None => self.sessions.nearest(store, line, window_prefix(from.plus(MICRO)), Side::From)?,
        };
        let reach = time.plus(self.size);
        let first = |slot: &u32| self.sessions.get(*slot).expect("it is there").first;
        let behind = behind.filter(|slot| first(slot) <= reach);
        if time < settled && behind.is_none() {
            return Ok(None);
        }
        // The last one that ends before it.
        let before = match holds {
            _ if time < settled => None,
            Some(slot) => self.sessions.nearest(store, line, self.sessions.point(slot), Side::Before)?,
            None => at_or_before,
        };
        let before = before.filter(|slot| {
            let last = last(&self.sessions, *slot);
            last >= settled && last.plus(self.size) >= time
        });
        let slot = match (before, behind) {
            (None, None) => {
                let key = [line, &window_prefix(time)].concat();
                self.due.note(self.due_at(time), &key);
                let slot = self.sessions.lookup(store, &key)?;
                let group = Group::new(&self.results.functions);
                let session = Session { first: time, last: time, given: Vec::new(), group };
                let vacant = self.sessions.modify(slot).replace(session);
                assert!(vacant.is_none(), "an event that begins a session is in none");
                slot
            }
            (Some(slot), None) | (None, Some(slot)) => slot,
            (Some(before), Some(behind)) => {
                let earlier = self.sessions.modify(before).take().expect("it is there");
                let later = self.sessions.modify(behind).as_mut().expect("it is there");
                later.first = later.first.min(earlier.first);
                later.given.splice(0..0, earlier.given);
                let mut group = earlier.group;
                group.combine(&later.group);
                later.group = Group { pending: later.group.pending, ..group };
                behind
            }
        };
        let session = self.sessions.modify(slot).as_mut().expect("it is there");
        session.first = session.first.min(time);
        session.last = session.last.max(time);
        if self.emitting.emit != Emit::Final {
            self.changed.insert(slot);
        }
        Ok(Some(slot))
    }

    /// Takes the sessions that are final out of the store, and gives them out where rows are given out once: in the order of their last
    /// events, then of their keys. Returns up to which watermark that is everything.
    fn close(&mut self, watermark: EventTime, context: &mut Context<'_>) -> Result<(), TaskError> {
        let mut ending: Vec<(EventTime, Box<[u8]>, u32)> = Vec::new();
        let mut bucket = EventTime::MIN;
        let mut reached = self.closed.at();
        loop {
            let notes = self.due.take(watermark, context.store)?;
            let next = notes.first().map_or(EventTime::MAX, |(at, _)| self.due.bucket_of(*at));
            if next != bucket {
                self.end(std::mem::take(&mut ending), context)?;
                bucket = next;
            }
            if notes.is_empty() {
                break;
            }
            let mut keys = Keys::default();
            let mut noted = Vec::new();
            // What was due before was settled in an earlier run.
            for (at, key) in notes.into_iter().filter(|(at, _)| *at >= self.closed.at()) {
                keys.push_with(|out| out.extend_from_slice(&key));
                noted.push((at, key));
            }
            let mut slots = Vec::new();
            self.sessions.resolve(context.store, &keys, &mut slots)?;
            for ((at, key), slot) in noted.into_iter().zip(slots) {
                // One that is no more has become part of another.
                let Some(session) = self.sessions.get(slot) else { continue };
                let due_at = self.due_at(session.last);
                if due_at > at {
                    self.due.note(due_at, &key);
                    continue;
                }
                reached = reached.max(due_at.plus(MICRO));
                ending.push((session.last, key, slot));
            }
        }
        self.due.leave(watermark);
        // At the end of a finite input a later run may have more events, and those of new sessions are not late.
        self.closed.reach(if watermark == EventTime::MAX { reached } else { watermark });
        Ok(())
    }

    fn end(
        &mut self,
        mut ending: Vec<(EventTime, Box<[u8]>, u32)>,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        ending.sort_unstable();
        for ending in ending.chunks(ROWS_AT_ONCE) {
            let mut rows = self.results.start();
            for (last, key, slot) in ending {
                let session = self.sessions.modify(*slot).take().expect("it was found");
                if self.emitting.emit == Emit::Final {
                    let bounds = Some(session.bounds());
                    self.results.push(&mut rows, group_key(key), bounds, *last, &session.group)?;
                }
            }
            if let Some(batch) = self.results.finish(rows) {
                self.closed.gave_out();
                context.emitted.push(batch);
            }
        }
        Ok(())
    }

    /// Gives out the rows of sessions that changed, and deletes those that were given out under other bounds.
    fn emit_changes(
        &mut self,
        slots: impl IntoIterator<Item = u32>,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        let live = slots.into_iter().filter_map(|slot| Some((self.sessions.get(slot)?.last, slot)));
        let mut live: Vec<(EventTime, u32)> = live.collect();
        live.sort_by(|(a, a_slot), (b, b_slot)| {
            a.cmp(b).then_with(|| self.sessions.key(*a_slot).cmp(self.sessions.key(*b_slot)))
        });
        let mut rows = self.results.start();
        for (_, slot) in live {
            self.push_changes(&mut rows, slot)?;
            let session = self.sessions.modify(slot).as_mut().expect("it is live");
            session.given = vec![session.bounds()];
        }
        context.emitted.extend(self.results.finish(rows));
        Ok(())
    }

    fn push_changes(&self, rows: &mut Rows, slot: u32) -> Result<(), TaskError> {
        let session = self.sessions.get(slot).expect("it is live");
        let key = group_key(self.sessions.key(slot));
        let now = session.bounds();
        for gone in session.given.iter().filter(|given| **given != now) {
            self.results.push_deletion(rows, key, Some(*gone), gone.end)?;
        }
        self.results.push(rows, key, Some(now), session.last, &session.group)
    }

    fn emit_every(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        for slot in std::mem::take(&mut self.changed) {
            if let Some(session) = self.sessions.modify(slot) {
                session.group.pending = Some(EventTime::MIN);
                self.emitting.pending.insert(self.sessions.key(slot).into());
            }
        }
        let mut slots = Vec::new();
        for key in self.emitting.take_due(context) {
            let slot = self.sessions.lookup(context.store, &key)?;
            if let Some(session) = self.sessions.modify(slot) {
                session.group.pending = None;
                slots.push(slot);
            }
        }
        self.emit_changes(slots, context)
    }
}

/// The group's key in a key of the store.
fn group_key(key: &[u8]) -> &[u8] {
    &key[1..key.len() - 8]
}

impl Operator for Sessions {
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
        let mut line = std::mem::take(&mut self.line);
        for &row in &batch.selection {
            let row = row as usize;
            line.clear();
            line.push(TAG);
            push_key(&key, row, &mut line);
            let time = batch.times[row];
            let watermark = batch.watermarks[row].max(self.closed.at());
            match self.join(&line, time, watermark, context.store)? {
                Some(slot) => {
                    let session = self.sessions.modify(slot).as_mut().expect("it was joined");
                    update(&mut session.group, &arguments, row, time);
                }
                None => {
                    let due_at = self.due_at(time);
                    let was_final = format!("the event's session was final behind {due_at}");
                    self.late.set_aside(&batch, row, &was_final, watermark, context)?;
                }
            }
        }
        self.line = line;
        Ok(())
    }

    fn on_watermark(
        &mut self,
        watermark: EventTime,
        context: &mut Context<'_>,
    ) -> Result<EventTime, TaskError> {
        if self.emitting.emit != Emit::Final {
            return Ok(self.emitting.passed());
        }
        if watermark <= self.closed.at() {
            return Ok(self.emitting.promise(self.closed.at()));
        }
        self.close(watermark, context)?;
        Ok(self.emitting.promise(watermark))
    }

    fn on_commit(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        match self.emitting.emit {
            Emit::Final => return Ok(()),
            Emit::Changes => {
                let changed = std::mem::take(&mut self.changed);
                self.emit_changes(changed, context)?;
            }
            Emit::Every(_) => self.emit_every(context)?,
        }
        if !self.emitting.pending.is_empty() {
            return Ok(());
        }
        self.emitting.let_out(context.watermark);
        if context.watermark > self.closed.at() {
            self.close(context.watermark, context)?;
        }
        Ok(())
    }

    fn flush(&mut self, writes: &mut WriteSet) {
        self.sessions.flush(writes);
        self.due.flush(writes);
        self.closed.flush(writes);
    }

    fn committed(&mut self) {
        self.sessions.committed();
    }

    fn uncommitted_bytes(&self) -> usize {
        self.sessions.uncommitted_bytes() + self.due.uncommitted_bytes()
    }

    fn has_pending(&self, upstream: Upstream, now: WallTime) -> bool {
        self.emitting.has_pending(upstream, now)
    }
}
