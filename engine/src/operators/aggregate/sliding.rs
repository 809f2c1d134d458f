//! Sliding windows: one that ends at each event, and one that begins just behind it.
//!
//! State is one [`Moment`] for each key and time of an event, on the line of its key. A window is worked out when it is given out.

use super::Parts;
use super::slide::sums;
use crate::batch::Batch;
use crate::clock::WallTime;
use crate::closed::Closed;
use crate::due::Due;
use crate::emitting::Emitting;
use crate::expression::RowErrors;
use crate::group::{Arguments, Group, Share, update};
use crate::key_columns::{KeyColumns, push_key};
use crate::late::LateRoute;
use crate::operator::{Context, Operator, TaskError};
use crate::result_rows::ResultRows;
use crate::route::Route;
use crate::slices::Bounds;
use crate::watermark::Upstream;
use std::collections::{BTreeMap, BTreeSet};
use tidegate_model::plan::Emit;
use tidegate_model::{EventTime, Span};
use tidegate_state::key::{read_window_start, window_prefix};
use tidegate_state::value::{self, Decoder};
use tidegate_state::{CodecError, Keys, Overlay, StateError, StateValue, Store, WriteSet};

/// What the keys of moments begin with; those of [`Due`] begin otherwise.
const TAG: u8 = 1;
const MICRO: Span = Span::from_micros(1);

/// The events of one key and time.
#[derive(Clone, PartialEq, Debug)]
struct Moment {
    share: Share,
    /// What changed since its windows were last given out (kept only by `emit every`).
    pending: Option<Change>,
}

/// What an event changes: windows that end at `from` or later. The first one of its time makes a window that begins behind it, too.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Change {
    from: EventTime,
    is_new: bool,
}

impl Change {
    fn and(self, other: Change) -> Change {
        Change { from: self.from.min(other.from), is_new: self.is_new || other.is_new }
    }
}

impl StateValue for Moment {
    fn encode(&self, out: &mut Vec<u8>) {
        match self.pending {
            None => out.push(0),
            Some(change) => {
                out.push(1 + u8::from(change.is_new));
                value::put_i64(out, change.from.micros());
            }
        }
        self.share.encode(out);
    }

    fn decode(bytes: &[u8]) -> Result<Moment, CodecError> {
        let mut from = Decoder::new(bytes);
        let pending = match from.u8()? {
            0 => None,
            flag => Some(Change { is_new: flag == 2, from: EventTime::from_micros(from.i64()?) }),
        };
        Ok(Moment { share: Share::decode(from.rest())?, pending })
    }

    fn bytes(&self) -> usize {
        self.share.bytes() + 24
    }
}

pub struct Sliding {
    size: Span,
    grace: Span,
    key: KeyColumns,
    arguments: Arguments,
    results: ResultRows,
    late: LateRoute,
    errors: Route,
    moments: Overlay<Moment>,
    /// Where rows are given out once: when the windows of each moment are final. In any case, when it is not needed any more.
    due: Due,
    /// Every window that is final at this watermark was given out.
    closed: Closed,
    emitting: Emitting,
    /// Where rows come with the commits: what changed since the last one, by slot.
    changed: BTreeMap<u32, Change>,
    keys: Keys,
    slots: Vec<u32>,
}

impl Sliding {
    pub fn new(parts: Parts<'_>) -> Result<Sliding, StateError> {
        let Parts { aggregate, feeds, table, store, cache_bytes, late, errors, .. } = parts;
        let window = aggregate.window.as_ref().expect("sliding is a kind of window");
        let mut operator = Sliding {
            size: window.size,
            grace: window.grace,
            key: KeyColumns::new(&aggregate.key),
            arguments: Arguments::new(&aggregate.functions),
            results: ResultRows::new(aggregate, &errors.step, errors.line),
            late,
            errors,
            moments: Overlay::on_lines(table, cache_bytes, false),
            due: Due::recover(table, window.size.plus(window.grace), store)?,
            closed: Closed::recover(table, store)?,
            emitting: Emitting::new(aggregate.emit, window.grace, feeds),
            changed: BTreeMap::new(),
            keys: Keys::default(),
            slots: Vec::new(),
        };
        operator.moments.fill(store, &[TAG])?;
        if operator.emitting.is_every() {
            let pending = &mut operator.emitting.pending;
            store.scan_from(table, &[TAG], &mut |key, bytes| {
                let is_moment = key.first() == Some(&TAG);
                if is_moment && Moment::decode(bytes).is_ok_and(|moment| moment.pending.is_some()) {
                    pending.insert(key.into());
                }
                is_moment
            })?;
        }
        Ok(operator)
    }

    /// The window that ends at a moment.
    fn ending_at(&self, end: EventTime) -> Bounds {
        Bounds { start: end.minus(self.size), end }
    }

    /// The end of the window that begins just behind a moment.
    fn end_behind(&self, time: EventTime) -> EventTime {
        time.plus(MICRO).plus(self.size)
    }

    /// The moment behind which the window begins that ends at `end`.
    fn begun_behind(&self, end: EventTime) -> EventTime {
        end.minus(self.size).minus(MICRO)
    }

    fn take_in(&mut self, slot: u32, time: EventTime, from: Option<EventTime>) -> &mut Group {
        let is_new = self.moments.get(slot).is_none();
        let ends_none = self.moments.get(slot).is_none_or(|moment| moment.share.group.is_empty());
        let key = self.moments.key(slot);
        let last_due = self.end_behind(time).plus(self.grace);
        if is_new {
            self.due.note(last_due, key);
        }
        if self.emitting.emit != Emit::Final {
            let change = Change { from: from.unwrap_or(time), is_new };
            self.changed.entry(slot).and_modify(|known| *known = known.and(change)).or_insert(change);
        } else if from.is_none() && ends_none {
            self.due.note(time.plus(self.grace), key);
        }
        let functions = &self.results.functions;
        let moment = self
            .moments
            .modify(slot)
            .get_or_insert_with(|| Moment { share: Share::new(functions), pending: None });
        moment.share.part(from, functions)
    }

    /// What the windows of a key hold that end at these times.
    fn windows(
        &mut self,
        line: &[u8],
        ends: &BTreeSet<EventTime>,
        store: &Store,
    ) -> Result<Vec<(Bounds, Group)>, StateError> {
        let windows: Vec<Bounds> = ends.iter().map(|end| self.ending_at(*end)).collect();
        let (Some(first), Some(last)) = (windows.first(), windows.last()) else { return Ok(Vec::new()) };
        let parts = self.between(line, first.start, last.end, store)?;
        let parts: Vec<(EventTime, &Share)> = parts
            .iter()
            .map(|(time, slot)| (*time, &self.moments.get(*slot).expect("it is live").share))
            .collect();
        let sums = sums(&parts, &windows, true);
        Ok(windows.into_iter().zip(sums).filter_map(|(window, sum)| Some((window, sum?))).collect())
    }

    fn between(
        &mut self,
        line: &[u8],
        from: EventTime,
        to: EventTime,
        store: &Store,
    ) -> Result<Vec<(EventTime, u32)>, StateError> {
        let slots = self.moments.between(store, line, window_prefix(from), window_prefix(to))?;
        slots.into_iter().map(|slot| Ok((time_at(&self.moments.point(slot))?, slot))).collect()
    }

    /// Gives out the windows that are final, where rows are given out once, in the order of their ends, then of their keys; and takes what
    /// no window needs any more out of the store.
    fn close(&mut self, watermark: EventTime, context: &mut Context<'_>) -> Result<(), TaskError> {
        let mut reached = self.closed.at();
        loop {
            let notes = self.due.take(watermark, context.store)?;
            if notes.is_empty() {
                break;
            }
            let mut ends: BTreeMap<Box<[u8]>, BTreeSet<EventTime>> = BTreeMap::new();
            let mut over = Keys::default();
            // What was due before was settled in an earlier run.
            for (at, key) in notes.into_iter().filter(|(at, _)| *at >= self.closed.at()) {
                reached = reached.max(at.plus(MICRO));
                let (line, point) = key.split_at(key.len() - 8);
                let time = time_at(point).map_err(|cause| self.results.corrupt(&cause))?;
                let end_behind = self.end_behind(time);
                let is_last = at == end_behind.plus(self.grace);
                ends.entry(line.into()).or_default().insert(if is_last { end_behind } else { time });
                if is_last {
                    over.push_with(|out| out.extend_from_slice(&key));
                }
            }
            if self.emitting.emit == Emit::Final {
                self.give_out(ends, context)?;
            }
            let mut slots = Vec::new();
            self.moments.resolve(context.store, &over, &mut slots)?;
            for slot in slots {
                *self.moments.modify(slot) = None;
            }
        }
        self.due.leave(watermark);
        // At the end of a finite input a later run may have more events, and those of new windows are not late.
        self.closed.reach(if watermark == EventTime::MAX { reached } else { watermark });
        Ok(())
    }

    fn give_out(
        &mut self,
        ends: BTreeMap<Box<[u8]>, BTreeSet<EventTime>>,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        let mut groups: BTreeMap<(Bounds, Box<[u8]>), Group> = BTreeMap::new();
        for (line, ends) in ends {
            let held = self.windows(&line, &ends, context.store)?.into_iter();
            groups.extend(held.map(|(window, group)| ((window, line.clone()), group)));
        }
        let mut rows = self.results.start();
        for ((window, line), group) in &groups {
            self.results.push(&mut rows, &line[1..], Some(*window), window.end, group)?;
        }
        if let Some(batch) = self.results.finish(rows) {
            self.closed.gave_out();
            context.emitted.push(batch);
        }
        Ok(())
    }

    /// Gives out the windows that changed.
    fn emit_changes(
        &mut self,
        changes: impl IntoIterator<Item = (u32, Change)>,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        let mut lines: BTreeMap<Box<[u8]>, Vec<(EventTime, Change)>> = BTreeMap::new();
        for (slot, change) in changes {
            let time = time_at(&self.moments.point(slot)).map_err(|cause| self.results.corrupt(&cause))?;
            lines.entry(self.moments.line(slot).into()).or_default().push((time, change));
        }
        let mut ends = BTreeMap::new();
        for (line, changes) in lines {
            let changed = self.changed_ends(&line, &changes, context.store)?;
            ends.insert(line, changed);
        }
        self.give_out(ends, context)
    }

    /// Where the windows of a key end that its changed moments change.
    fn changed_ends(
        &mut self,
        line: &[u8],
        changes: &[(EventTime, Change)],
        store: &Store,
    ) -> Result<BTreeSet<EventTime>, StateError> {
        let mut ends = BTreeSet::new();
        let times = changes.iter().map(|(time, _)| *time);
        let (Some(first), Some(last)) = (times.clone().min(), times.max()) else { return Ok(ends) };
        let moments = self.between(line, self.begun_behind(first), self.end_behind(last), store)?;
        let between = |from: EventTime, to: EventTime| {
            let start = moments.partition_point(|(time, _)| *time < from);
            moments[start..].iter().take_while(move |(time, _)| *time <= to)
        };
        let ends_window = |(_, slot): &&(EventTime, u32)| {
            self.moments.get(*slot).is_some_and(|moment| !moment.share.group.is_empty())
        };
        for (time, change) in changes {
            let last_end = time.plus(self.size);
            ends.extend(between(change.from, last_end).filter(ends_window).map(|(time, _)| *time));
            let begun_before = between(self.begun_behind(change.from), time.minus(MICRO));
            ends.extend(begun_before.map(|(time, _)| self.end_behind(*time)));
            let own_end = self.end_behind(*time);
            // Where an event lies at that end, the window is that event's, and was there before.
            if change.is_new && !between(own_end, own_end).any(|moment| ends_window(&moment)) {
                ends.insert(own_end);
            }
        }
        Ok(ends)
    }

    fn emit_every(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        for (slot, change) in std::mem::take(&mut self.changed) {
            if let Some(moment) = self.moments.modify(slot) {
                moment.pending = Some(moment.pending.map_or(change, |known| known.and(change)));
                self.emitting.pending.insert(self.moments.key(slot).into());
            }
        }
        let mut changes = Vec::new();
        for key in self.emitting.take_due(context) {
            let slot = self.moments.lookup(context.store, &key)?;
            let moment = self.moments.modify(slot).as_mut();
            changes.extend(moment.and_then(|moment| moment.pending.take()).map(|change| (slot, change)));
        }
        self.emit_changes(changes, context)
    }
}

fn time_at(point: &[u8]) -> Result<EventTime, CodecError> {
    read_window_start(point).map(|(time, _)| time)
}

impl Operator for Sliding {
    fn on_batch(
        &mut self,
        _port: usize,
        mut batch: Batch,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        let closed = self.closed.at();
        let mut kept = Vec::with_capacity(batch.selection.len());
        for row in std::mem::take(&mut batch.selection) {
            let watermark = batch.watermarks[row as usize].max(closed);
            let last_final = batch.times[row as usize].plus(self.size).plus(self.grace);
            if watermark <= last_final {
                kept.push(row);
                continue;
            }
            let was_final = format!("the event's last window was final behind {last_final}");
            self.late.set_aside(&batch, row as usize, &was_final, watermark, context)?;
        }
        batch.selection = kept;
        let mut errors = RowErrors::default();
        let key = self.key.evaluate(&batch, &mut errors);
        let arguments = self.arguments.evaluate(&batch, &mut errors);
        self.errors.settle(&mut batch, &errors, context)?;
        self.keys.clear();
        for &row in &batch.selection {
            self.keys.push_with(|out| {
                out.push(TAG);
                push_key(&key, row as usize, out);
                out.extend_from_slice(&window_prefix(batch.times[row as usize]));
            });
        }
        self.slots.clear();
        self.moments.resolve(context.store, &self.keys, &mut self.slots)?;
        for position in 0..self.slots.len() {
            let row = batch.selection[position] as usize;
            let (time, watermark) = (batch.times[row], batch.watermarks[row].max(closed));
            // The event is late for the windows that end before this.
            let open_from = watermark.minus(self.grace);
            let from = (open_from > time).then_some(open_from);
            update(self.take_in(self.slots[position], time, from), &arguments, row, time);
        }
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
        self.moments.flush(writes);
        self.due.flush(writes);
        self.closed.flush(writes);
    }

    fn committed(&mut self) {
        self.moments.committed();
    }

    fn uncommitted_bytes(&self) -> usize {
        self.moments.uncommitted_bytes() + self.due.uncommitted_bytes()
    }

    fn has_pending(&self, upstream: Upstream, now: WallTime) -> bool {
        self.emitting.has_pending(upstream, now)
    }
}
