//! Without windows, or with windows that begin at certain times. It reads events, or the partials that [`super::super::partial`] sent.
//!
//! State is one [`Share`] for each key and slice. A window's row is put together from its slices when it is given out.

use super::Parts;
use super::fading::Fading;
use super::slide::sums;
use crate::batch::Batch;
use crate::clock::WallTime;
use crate::closed::{CLOSED_KEY, Closed};
use crate::emitting::Emitting;
use crate::expiry;
use crate::expression::RowErrors;
use crate::group::{Arguments, Group, Share, update};
use crate::key_columns::{KeyColumns, push_key};
use crate::late::{LATE, LateRoute, set_late_aside};
use crate::operator::{Context, Operator, TaskError};
use crate::partials::Partials;
use crate::place::Place;
use crate::result_rows::ResultRows;
use crate::route::{Aside, Route};
use crate::slices::{Bounds, Slices};
use crate::watermark::Upstream;
use std::collections::{BTreeMap, BTreeSet};
use tidegate_model::plan::Emit;
use tidegate_model::{EventTime, Offset, Span};
use tidegate_state::key::{push_window_start, read_window_start, window_prefix};
use tidegate_state::{Keys, Overlay, StateError, StateValue, Store, TableId, WriteSet};

/// So many windows are put together in one pass; many are due at once at the end of a finite input.
const WINDOWS_AT_ONCE: usize = 64;

type WindowGroups = BTreeMap<Bounds, BTreeMap<Box<[u8]>, Group>>;

pub struct Aligned {
    key: KeyColumns,
    slices: Option<Slices>,
    /// Events look the rows up as they are at each moment.
    looked_up: bool,
    results: ResultRows,
    arguments: Arguments,
    late: LateRoute,
    errors: Route,
    table: TableId,
    shares: Overlay<Share>,
    /// Starts of the slices that hold something.
    live: BTreeSet<EventTime>,
    /// The windows of live slices that were not given out yet.
    open: BTreeSet<Bounds>,
    /// Where windows overlap: of each slot that changed since the last commit, the earliest end of a window for which something did.
    changed_from: BTreeMap<u32, EventTime>,
    /// Every window that is final at or before this watermark was given out.
    closed: Closed,
    emitting: Emitting,
    fading: Option<Fading>,
    keys: Keys,
    slots: Vec<u32>,
}

impl Aligned {
    pub fn new(parts: Parts<'_>) -> Result<Aligned, StateError> {
        let Parts { aggregate, feeds, looked_up, table, store, cache_bytes, expiry, late, errors, .. } =
            parts;
        let slices = aggregate.window.as_ref().map(Slices::new);
        let grace = slices.map_or(Span::ZERO, |slices| slices.grace);
        let mut operator = Aligned {
            key: KeyColumns::new(&aggregate.key),
            looked_up: looked_up && slices.is_none(),
            slices,
            results: ResultRows::new(aggregate, &errors.step, errors.line),
            arguments: Arguments::new(&aggregate.functions),
            late,
            errors,
            table,
            shares: Overlay::new(table, cache_bytes, store.is_empty(table)?),
            live: BTreeSet::new(),
            open: BTreeSet::new(),
            changed_from: BTreeMap::new(),
            closed: Closed::recover(table, store)?,
            emitting: Emitting::new(aggregate.emit, grace, feeds),
            fading: expiry.map(Fading::new),
            keys: Keys::default(),
            slots: Vec::new(),
        };
        operator.recover(store)?;
        Ok(operator)
    }

    /// Finds the live slices and due rows in the store.
    fn recover(&mut self, store: &Store) -> Result<(), StateError> {
        let every = self.emitting.is_every();
        if self.slices.is_none() && !every {
            return Ok(());
        }
        let mut slices: BTreeSet<EventTime> = BTreeSet::new();
        let mut from: Vec<u8> = Vec::new();
        loop {
            let mut next: Option<Vec<u8>> = None;
            let (slices, pending) = (&mut slices, &mut self.emitting.pending);
            let windowed = self.slices.is_some();
            let fades = self.fading.is_some();
            store.scan_from(self.table, &from, &mut |key, bytes| {
                if key == CLOSED_KEY || (fades && key.first() == Some(&expiry::TAG)) {
                    return true;
                }
                if every {
                    if Share::decode(bytes).is_ok_and(|share| share.group.pending.is_some()) {
                        pending.insert(key.into());
                    }
                    if windowed && let Ok((slice, _)) = read_window_start(key) {
                        slices.insert(slice);
                    }
                    return true;
                }
                // One key of a slice is enough: the scan goes on behind the slice.
                if let Ok((slice, _)) = read_window_start(key) {
                    slices.insert(slice);
                    let mut behind = Vec::new();
                    push_window_start(&mut behind, slice.plus(Span::from_micros(1)));
                    next = Some(behind);
                }
                false
            })?;
            let Some(behind) = next else { break };
            from = behind;
        }
        slices.into_iter().for_each(|slice| self.hold(slice));
        Ok(())
    }

    /// A slice holds something from now on.
    fn hold(&mut self, slice: EventTime) {
        let Some(slices) = self.slices else { return };
        if self.live.insert(slice) {
            let windows = slices.windows_of(slice).into_iter();
            self.open.extend(windows.filter(|window| slices.final_at(*window) > self.closed.at()));
        }
    }

    /// The groups of some windows, put together from their slices: by window, then by key.
    fn window_groups(&mut self, store: &Store, windows: &[Bounds]) -> Result<WindowGroups, TaskError> {
        let held = windows.iter().flat_map(|window| self.live.range(window.start..window.end));
        let prefixes: BTreeSet<[u8; 8]> = held.copied().map(window_prefix).collect();
        let mut groups: WindowGroups = windows.iter().map(|window| (*window, BTreeMap::new())).collect();
        for slot in self.shares.slots_with_prefixes(store, &prefixes)? {
            let Some(share) = self.shares.get(slot) else { continue };
            let (slice, key) =
                read_window_start(self.shares.key(slot)).map_err(|cause| self.results.corrupt(&cause))?;
            // Windows have the order of their ends and of their starts.
            let first = windows.partition_point(|window| window.end <= slice);
            for window in windows[first..].iter().take_while(|window| window.start <= slice) {
                let group_of = groups.get_mut(window).expect("every window is there");
                for part in share.counted_in(window.end) {
                    match group_of.get_mut(key) {
                        Some(whole) => whole.combine(part),
                        None => drop(group_of.insert(key.into(), part.clone())),
                    }
                }
            }
        }
        Ok(groups)
    }

    /// Gives out every window that became final, once.
    fn close_windows(&mut self, watermark: EventTime, context: &mut Context<'_>) -> Result<(), TaskError> {
        let slices = self.slices.expect("only windows are closed");
        let due = self.open.iter().copied().take_while(|window| slices.final_at(*window) <= watermark);
        let due: Vec<Bounds> = due.collect();
        for windows in due.chunks(WINDOWS_AT_ONCE) {
            let mut rows = self.results.start();
            for (window, groups) in self.window_groups(context.store, windows)? {
                self.open.remove(&window);
                for (key, group) in groups {
                    self.results.push(&mut rows, &key, Some(window), last_instant(window), &group)?;
                }
            }
            if let Some(batch) = self.results.finish(rows) {
                self.closed.gave_out();
                context.emitted.push(batch);
            }
        }
        Ok(())
    }

    /// Up to which watermark every window is final. At the end of a finite input: up to the last window there is, since a later run may
    /// have more events, and those of new windows are not late.
    fn reached(&self, watermark: EventTime) -> EventTime {
        if watermark != EventTime::MAX {
            return watermark;
        }
        let slices = self.slices.expect("only windows are closed");
        self.live.last().map_or(self.closed.at(), |slice| slices.expires_at(*slice))
    }

    /// Forgets the slices that no window needs any more.
    fn expire(&mut self, watermark: EventTime, store: &Store) -> Result<(), TaskError> {
        let slices = self.slices.expect("only slices expire");
        let expired = self.live.iter().copied().take_while(|slice| slices.expires_at(*slice) <= watermark);
        let expired: Vec<EventTime> = expired.collect();
        if expired.is_empty() {
            return Ok(());
        }
        let prefixes = expired.iter().copied().map(window_prefix).collect();
        for slot in self.shares.slots_with_prefixes(store, &prefixes)? {
            *self.shares.modify(slot) = None;
        }
        for slice in expired {
            self.live.remove(&slice);
        }
        while self.open.first().is_some_and(|window| slices.final_at(*window) <= watermark) {
            self.open.pop_first();
        }
        Ok(())
    }

    /// Gives out the rows of what changed: whole store keys, and the earliest end of a window for which something did.
    fn emit_changes(
        &mut self,
        changes: Vec<(Box<[u8]>, EventTime)>,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        let mut rows = self.results.start();
        match self.slices {
            None => {
                for (key, _) in changes {
                    let slot = self.shares.lookup(context.store, &key)?;
                    if let Some(share) = self.shares.get(slot) {
                        let group = &share.group;
                        self.results.push(&mut rows, &key, None, group.time, group)?;
                    }
                }
            }
            Some(slices) => {
                let mut changed: BTreeMap<&[u8], BTreeSet<Bounds>> = BTreeMap::new();
                for (whole, from) in &changes {
                    let (slice, key) =
                        read_window_start(whole).map_err(|cause| self.results.corrupt(&cause))?;
                    let windows = slices.windows_of(slice).into_iter();
                    let open = windows
                        .filter(|window| window.end >= *from && slices.final_at(*window) > self.closed.at());
                    changed.entry(key).or_default().extend(open);
                }
                let mut groups: BTreeMap<(Bounds, &[u8]), Group> = BTreeMap::new();
                for (key, windows) in changed {
                    let windows: Vec<Bounds> = windows.into_iter().collect();
                    let sums = self.sums(context.store, key, &windows)?;
                    let held = windows.iter().zip(sums);
                    groups.extend(held.filter_map(|(window, sum)| Some(((*window, key), sum?))));
                }
                for ((window, key), group) in groups {
                    self.results.push(&mut rows, key, Some(window), last_instant(window), &group)?;
                }
            }
        }
        context.emitted.extend(self.results.finish(rows));
        Ok(())
    }

    /// What some windows hold of one key.
    fn sums(
        &mut self,
        store: &Store,
        key: &[u8],
        windows: &[Bounds],
    ) -> Result<Vec<Option<Group>>, StateError> {
        let (Some(first), Some(last)) = (windows.first(), windows.last()) else { return Ok(Vec::new()) };
        let mut slots = Vec::new();
        let mut slot_key = Vec::new();
        for slice in self.live.range(first.start..last.end) {
            slot_key.clear();
            push_window_start(&mut slot_key, *slice);
            slot_key.extend_from_slice(key);
            slots.push((*slice, self.shares.lookup(store, &slot_key)?));
        }
        let parts = slots.iter().filter_map(|(slice, slot)| Some((*slice, self.shares.get(*slot)?)));
        let parts: Vec<(EventTime, &Share)> = parts.collect();
        Ok(sums(&parts, windows, false))
    }

    fn changes(&mut self) -> Vec<(Box<[u8]>, EventTime)> {
        let from = std::mem::take(&mut self.changed_from);
        self.shares
            .dirty()
            .filter(|slot| self.shares.get(*slot).is_some())
            .map(|slot| (self.shares.key(slot).into(), from.get(&slot).copied().unwrap_or(EventTime::MIN)))
            .collect()
    }

    fn note_change(&mut self, slot: u32, from: Option<EventTime>) {
        if self.emitting.emit != Emit::Final && self.slices.is_some_and(|slices| slices.overlap()) {
            let from = from.unwrap_or(EventTime::MIN);
            let known = self.changed_from.entry(slot).or_insert(from);
            *known = from.min(*known);
        }
    }

    fn emit_every(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        for (key, from) in self.changes() {
            let slot = self.shares.lookup(context.store, &key)?;
            let is_new = !self.shares.is_stored(slot);
            let is_unseen = self.fading.as_ref().is_some_and(|fading| is_new || fading.was_unseen(slot));
            if let Some(share) = self.shares.modify(slot) {
                share.group.pending = Some(share.group.pending.map_or(from, |known| known.min(from)));
                share.group.unseen |= is_unseen;
            }
            self.emitting.pending.insert(key);
        }
        let mut changes = Vec::new();
        for key in self.emitting.take_due(context) {
            let slot = self.shares.lookup(context.store, &key)?;
            let mut from = None;
            if let Some(share) = self.shares.modify(slot) {
                from = share.group.pending.take();
                share.group.unseen = false;
            }
            changes.push((key, from.unwrap_or(EventTime::MIN)));
        }
        self.emit_changes(changes, context)
    }
}

/// A window of the same size downstream holds the row.
fn last_instant(window: Bounds) -> EventTime {
    window.end.minus(Span::from_micros(1))
}

impl Operator for Aligned {
    fn on_batch(
        &mut self,
        _port: usize,
        mut batch: Batch,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        if let Some(slices) = &self.slices {
            set_late_aside(&mut batch, slices, self.closed.at(), &self.late, context)?;
        }
        let mut errors = RowErrors::default();
        let key = self.key.evaluate(&batch, &mut errors);
        let arguments = self.arguments.evaluate(&batch, &mut errors);
        self.errors.settle(&mut batch, &errors, context)?;
        self.keys.clear();
        let mut counts_from = Vec::with_capacity(batch.selection.len());
        for &row in &batch.selection {
            let row = row as usize;
            let slice = self.slices.map(|slices| {
                let slice = slices.slice_of(batch.times[row]);
                counts_from.push(slices.counts_from(slice, batch.watermarks[row].max(self.closed.at())));
                slice
            });
            slice.into_iter().for_each(|slice| self.hold(slice));
            self.keys.push_with(|out| {
                slice.into_iter().for_each(|slice| push_window_start(out, slice));
                push_key(&key, row, out);
            });
        }
        self.slots.clear();
        self.shares.resolve(context.store, &self.keys, &mut self.slots)?;
        for (position, &row) in batch.selection.iter().enumerate() {
            let (slot, from) = (self.slots[position], counts_from.get(position).copied().flatten());
            self.note_change(slot, from);
            if let Some(fading) = &mut self.fading {
                let own = batch.watermarks[row as usize].max(context.watermark);
                let time = (batch.times[row as usize], own);
                if !fading.takes(&mut self.shares, slot, time, context.counters) {
                    continue;
                }
            }
            let functions = &self.results.functions;
            let share = self.shares.modify(slot).get_or_insert_with(|| Share::new(functions));
            update(share.part(from, functions), &arguments, row as usize, batch.times[row as usize]);
        }
        self.give_current(context)
    }

    fn on_partials(&mut self, partials: Partials, context: &mut Context<'_>) -> Result<(), TaskError> {
        self.slots.clear();
        self.shares.resolve(context.store, &partials.keys, &mut self.slots)?;
        for index in 0..partials.len() {
            let share = Share::decode(partials.share(index)).map_err(|cause| self.results.corrupt(&cause))?;
            if let Some(slices) = &self.slices {
                let (slice, _) = read_window_start(partials.keys.get(index))
                    .map_err(|cause| self.results.corrupt(&cause))?;
                if slices.expires_at(slice) <= self.closed.at() {
                    self.set_partial_aside(&share, slice, context)?;
                    continue;
                }
                self.hold(slice);
            }
            let late = share.late.first().filter(|_| share.group.is_empty());
            self.note_change(self.slots[index], late.map(|(from, _)| *from));
            match self.shares.modify(self.slots[index]) {
                Some(known) => known.combine(&share),
                vacant => *vacant = Some(share),
            }
        }
        self.give_current(context)
    }

    fn on_watermark(
        &mut self,
        watermark: EventTime,
        context: &mut Context<'_>,
    ) -> Result<EventTime, TaskError> {
        self.expire_groups(watermark, context)?;
        if self.slices.is_none() || self.emitting.emit != Emit::Final {
            return Ok(self.emitting.passed());
        }
        if watermark <= self.closed.at() {
            return Ok(self.emitting.promise(self.closed.at()));
        }
        let reached = self.reached(watermark);
        self.close_windows(watermark, context)?;
        self.expire(watermark, context.store)?;
        self.closed.reach(reached);
        Ok(self.emitting.promise(watermark))
    }

    fn on_commit(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        match self.emitting.emit {
            Emit::Final => return Ok(()),
            Emit::Changes => {
                let changes = self.changes();
                self.emit_changes(changes, context)?;
            }
            Emit::Every(_) => self.emit_every(context)?,
        }
        self.emit_deletions(context)?;
        if !self.emitting.pending.is_empty() {
            return Ok(());
        }
        self.emitting.let_out(context.watermark);
        if self.slices.is_some() && context.watermark > self.closed.at() {
            let reached = self.reached(context.watermark);
            self.expire(context.watermark, context.store)?;
            self.closed.reach(reached);
        }
        Ok(())
    }

    fn flush(&mut self, writes: &mut WriteSet) {
        self.shares.flush(writes);
        self.closed.flush(writes);
        self.fading.iter_mut().for_each(|fading| fading.flush(writes));
    }

    fn committed(&mut self) {
        self.shares.committed();
    }

    fn uncommitted_bytes(&self) -> usize {
        self.shares.uncommitted_bytes() + self.fading.as_ref().map_or(0, Fading::uncommitted_bytes)
    }

    fn has_pending(&self, upstream: Upstream, now: WallTime) -> bool {
        self.emitting.has_pending(upstream, now)
    }
}

impl Aligned {
    /// Those that look rows up are given what changed just now.
    fn give_current(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        if !self.looked_up {
            return Ok(());
        }
        self.slots.sort_unstable();
        self.slots.dedup();
        let mut rows = self.results.start();
        for slot in &self.slots {
            let Some(share) = self.shares.get(*slot) else { continue };
            self.results.push(&mut rows, self.shares.key(*slot), None, share.group.time, &share.group)?;
        }
        context.current.extend(self.results.finish(rows));
        Ok(())
    }

    /// Deletes the groups whose last event is too long ago.
    fn expire_groups(&mut self, watermark: EventTime, context: &mut Context<'_>) -> Result<(), TaskError> {
        let Some(fading) = &mut self.fading else { return Ok(()) };
        let gone = fading.expire(&mut self.shares, watermark, context)?;
        let mut rows = self.results.start();
        for (slot, over) in gone {
            self.emitting.pending.remove(self.shares.key(slot));
            self.results.push_deletion(&mut rows, self.shares.key(slot), None, over)?;
        }
        if self.looked_up {
            context.current.extend(self.results.finish(rows));
        }
        Ok(())
    }

    fn emit_deletions(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        let Some(fading) = &mut self.fading else { return Ok(()) };
        let mut rows = self.results.start();
        for (slot, over) in fading.deletions(&self.shares) {
            self.results.push_deletion(&mut rows, self.shares.key(slot), None, over)?;
        }
        context.emitted.extend(self.results.finish(rows));
        Ok(())
    }

    /// A partial whose windows are closed: its upstream was silent for so long that it no longer counted. The events themselves are
    /// upstream; what is set aside is the partial.
    fn set_partial_aside(
        &self,
        share: &Share,
        slice: EventTime,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        context.counters.late += 1;
        let route = &self.late.route;
        if route.topic.is_none() {
            return Ok(());
        }
        let mut value = Vec::new();
        value.extend_from_slice(b"{\"slice\":\"");
        value.extend_from_slice(slice.to_string().as_bytes());
        value.push(b'"');
        let mut whole = share.group.clone();
        share.late.iter().for_each(|(_, late)| whole.combine(late));
        for (accumulator, call) in whole.accumulators.iter().zip(&self.results.functions) {
            if let Ok(result) = accumulator.result(call) {
                value.extend_from_slice(b",\"");
                value.extend_from_slice(call.name.as_bytes());
                value.extend_from_slice(b"\":");
                result.write_json(call.ty, &mut value);
            }
        }
        value.push(b'}');
        let aside = Aside {
            place: Place { topic: route.step.clone(), partition: context.partition, offset: Offset(-1) },
            time: share.time(),
            own_timestamp: None,
            key: None,
            value: Some(&value),
            code: LATE,
            message: format!(
                "partial aggregate of an input that had been idle; its window was closed at {}",
                self.closed.at()
            ),
        };
        route.set_aside(&aside, context)
    }
}
