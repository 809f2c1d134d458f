//! `aggregate` behind `group by`, with a window or without. It reads events, or the partials that [`super::partial`] sent.
//!
//! State is one [`Group`] for each key and window slice. A window's row is put together from its slices when it is given out.

use crate::batch::{Batch, Column, ColumnData};
use crate::clock::WallTime;
use crate::expression::RowErrors;
use crate::group::{Arguments, Group, Slices, update};
use crate::key_columns::{KeyColumns, decode_key, push_key};
use crate::late::{LATE, set_late_aside};
use crate::operator::{Context, Operator, TaskError};
use crate::partials::Partials;
use crate::place::Place;
use crate::route::{Aside, Route};
use crate::watermark::Upstream;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tidegate_model::plan::{self, AggregateCall, Emit};
use tidegate_model::{EventTime, Offset, ScalarType, Span};
use tidegate_state::key::{push_window_start, read_window_start, window_prefix};
use tidegate_state::value::{Decoder, put_i64};
use tidegate_state::{CodecError, Keys, Overlay, StateError, StateValue, Store, TableId, WriteSet};

/// Where in the store it is kept up to which watermark windows were given out. No window's key begins so.
const CLOSED_KEY: &[u8] = &[0xFF; 9];

/// So many windows are put together in one pass; many are due at once at the end of a finite input.
const WINDOWS_AT_ONCE: usize = 64;

type WindowGroups = BTreeMap<EventTime, BTreeMap<Box<[u8]>, Group>>;

pub struct Aggregate {
    key: KeyColumns,
    key_types: Vec<ScalarType>,
    slices: Option<Slices>,
    functions: Vec<AggregateCall>,
    arguments: Arguments,
    emit: Emit,
    late: Route,
    errors: Route,
    table: TableId,
    groups: Overlay<Group>,
    /// Starts of the slices that hold something.
    live: BTreeSet<EventTime>,
    /// Every window that is final at or before this watermark was given out.
    closed: EventTime,
    closed_in_store: EventTime,
    /// Were final rows given out since the last commit?
    gave_out: bool,
    /// `emit every`: keys whose row is due, and when rows were last given out.
    pending: BTreeSet<Box<[u8]>>,
    emitted_at: Option<WallTime>,
    /// `emit changes` and `every`: rows come with the commit, so consumers may expect older ones until then.
    passed: EventTime,
    /// Is there a consumer that waits for the watermark?
    feeds: bool,
    keys: Keys,
    slots: Vec<u32>,
}

impl Aggregate {
    pub fn new(
        aggregate: &plan::Aggregate,
        feeds: bool,
        table: TableId,
        store: &Store,
        cache_bytes: usize,
        late: Route,
        errors: Route,
    ) -> Result<Aggregate, StateError> {
        let key = KeyColumns::new(&aggregate.key);
        let mut operator = Aggregate {
            key_types: key.types().collect(),
            key,
            slices: aggregate.window.as_ref().map(Slices::new),
            functions: aggregate.functions.clone(),
            arguments: Arguments::new(&aggregate.functions),
            emit: aggregate.emit,
            late,
            errors,
            table,
            groups: Overlay::new(table, cache_bytes, store.is_empty(table)?),
            live: BTreeSet::new(),
            closed: EventTime::MIN,
            closed_in_store: EventTime::MIN,
            gave_out: false,
            pending: BTreeSet::new(),
            emitted_at: None,
            passed: EventTime::MIN,
            feeds,
            keys: Keys::default(),
            slots: Vec::new(),
        };
        operator.recover(store)?;
        Ok(operator)
    }

    /// Finds the live slices and due rows in the store.
    fn recover(&mut self, store: &Store) -> Result<(), StateError> {
        if let Some(bytes) = store.get(self.table, CLOSED_KEY)? {
            let closed = Decoder::new(&bytes).i64().map_err(StateError::from)?;
            self.closed = EventTime::from_micros(closed);
            self.closed_in_store = self.closed;
        }
        let every = matches!(self.emit, Emit::Every(_));
        if self.slices.is_none() && !every {
            return Ok(());
        }
        let mut from: Vec<u8> = Vec::new();
        loop {
            let mut next: Option<Vec<u8>> = None;
            let (live, pending) = (&mut self.live, &mut self.pending);
            let windowed = self.slices.is_some();
            store.scan_from(self.table, &from, &mut |key, bytes| {
                if key == CLOSED_KEY {
                    return true;
                }
                if every {
                    if Group::decode(bytes).is_ok_and(|group| group.pending) {
                        pending.insert(key.into());
                    }
                    if windowed && let Ok((slice, _)) = read_window_start(key) {
                        live.insert(slice);
                    }
                    return true;
                }
                // One key of a slice is enough: the scan goes on behind the slice.
                if let Ok((slice, _)) = read_window_start(key) {
                    live.insert(slice);
                    let mut behind = Vec::new();
                    push_window_start(&mut behind, slice.plus(Span::from_micros(1)));
                    next = Some(behind);
                }
                false
            })?;
            let Some(behind) = next else { return Ok(()) };
            from = behind;
        }
    }

    fn rows(&self) -> RowBuilder {
        RowBuilder {
            keys: self.key_types.iter().map(|ty| Column::new(*ty)).collect(),
            starts: Vec::new(),
            ends: Vec::new(),
            results: self.functions.iter().map(|call| Column::new(call.ty)).collect(),
            times: Vec::new(),
        }
    }

    fn push_row(
        &self,
        rows: &mut RowBuilder,
        key: &[u8],
        window: Option<EventTime>,
        group: &Group,
    ) -> Result<(), TaskError> {
        decode_key(key, &self.key_types, &mut rows.keys).map_err(|cause| self.corrupt(&cause))?;
        for ((accumulator, call), column) in
            group.accumulators.iter().zip(&self.functions).zip(&mut rows.results)
        {
            let result = accumulator.result(call).map_err(|cause| TaskError::NoResult {
                step: self.errors.step.clone(),
                line: self.errors.line,
                function: call.name.clone(),
                cause,
            })?;
            column.push(&result);
        }
        match (window, &self.slices) {
            (Some(start), Some(slices)) => {
                let end = start.plus(slices.size);
                rows.starts.push(start.micros());
                rows.ends.push(end.micros());
                // The last instant of the window: a window of the same size downstream holds it.
                rows.times.push(end.minus(Span::from_micros(1)));
            }
            _ => rows.times.push(group.time),
        }
        Ok(())
    }

    fn corrupt(&self, cause: &CodecError) -> TaskError {
        TaskError::Corrupt {
            what: format!("the state of step `{}`", self.errors.step),
            cause: cause.to_string(),
        }
    }

    /// The groups of some windows, put together from their slices: by window, then by key.
    fn window_groups(&mut self, store: &Store, windows: &[EventTime]) -> Result<WindowGroups, TaskError> {
        let slices = self.slices.expect("only windows are put together");
        let held = windows.iter().flat_map(|window| slices.slices_of(*window));
        let prefixes = held.filter(|slice| self.live.contains(slice)).map(window_prefix).collect();
        let mut groups: WindowGroups = windows.iter().map(|window| (*window, BTreeMap::new())).collect();
        for slot in self.groups.slots_with_prefixes(store, &prefixes)? {
            let Some(share) = self.groups.get(slot) else { continue };
            let (slice, key) =
                read_window_start(self.groups.key(slot)).map_err(|cause| self.corrupt(&cause))?;
            for window in slices.windows_of(slice) {
                let Some(group_of) = groups.get_mut(&window) else { continue };
                match group_of.get_mut(key) {
                    Some(whole) => whole.combine(share),
                    None => drop(group_of.insert(key.into(), share.clone())),
                }
            }
        }
        Ok(groups)
    }

    /// Gives out every window that became final, once.
    fn close_windows(&mut self, watermark: EventTime, context: &mut Context<'_>) -> Result<(), TaskError> {
        let slices = self.slices.expect("only windows are closed");
        let windows = self.live.iter().flat_map(|slice| slices.windows_of(*slice));
        let due: BTreeSet<EventTime> = windows
            .filter(|window| {
                let at = slices.final_at(*window);
                at > self.closed && at <= watermark
            })
            .collect();
        let due: Vec<EventTime> = due.into_iter().collect();
        for windows in due.chunks(WINDOWS_AT_ONCE) {
            let mut rows = self.rows();
            for (window, groups) in self.window_groups(context.store, windows)? {
                for (key, group) in groups {
                    self.push_row(&mut rows, &key, Some(window), &group)?;
                }
            }
            if !rows.times.is_empty() {
                self.gave_out = true;
                context.emitted.push(rows.finish(self.slices.is_some()));
            }
        }
        Ok(())
    }

    fn grace(&self) -> Span {
        self.slices.map_or(Span::from_micros(0), |slices| slices.grace)
    }

    /// Up to which watermark every window is final. At the end of a finite input: up to the last window there is, since a later run may
    /// have more events, and those of new windows are not late.
    fn reached(&self, watermark: EventTime) -> EventTime {
        if watermark != EventTime::MAX {
            return watermark;
        }
        let slices = self.slices.expect("only windows are closed");
        self.live.last().map_or(self.closed, |slice| slices.expires_at(*slice).max(self.closed))
    }

    /// Forgets the slices that no window needs any more.
    fn expire(&mut self, watermark: EventTime, store: &Store) -> Result<(), TaskError> {
        let slices = self.slices.expect("only slices expire");
        let expired: Vec<EventTime> =
            self.live.iter().copied().filter(|slice| slices.expires_at(*slice) <= watermark).collect();
        if expired.is_empty() {
            return Ok(());
        }
        let prefixes = expired.iter().copied().map(window_prefix).collect();
        for slot in self.groups.slots_with_prefixes(store, &prefixes)? {
            *self.groups.modify(slot) = None;
        }
        for slice in expired {
            self.live.remove(&slice);
        }
        Ok(())
    }

    /// Gives out the rows of the changed keys; `keys` are whole store keys.
    fn emit_changes(&mut self, keys: Vec<Box<[u8]>>, context: &mut Context<'_>) -> Result<(), TaskError> {
        let mut rows = self.rows();
        match self.slices {
            None => {
                for key in keys {
                    let slot = self.groups.lookup(context.store, &key)?;
                    if let Some(group) = self.groups.get(slot) {
                        self.push_row(&mut rows, &key, None, group)?;
                    }
                }
            }
            Some(slices) => {
                let mut changed: BTreeMap<EventTime, BTreeSet<Box<[u8]>>> = BTreeMap::new();
                for whole in keys {
                    let (slice, key) = read_window_start(&whole).map_err(|cause| self.corrupt(&cause))?;
                    for window in slices.windows_of(slice) {
                        if slices.final_at(window) > self.closed {
                            changed.entry(window).or_default().insert(key.into());
                        }
                    }
                }
                for (window, keys) in changed {
                    for key in keys {
                        let mut whole: Option<Group> = None;
                        for slice in slices.slices_of(window) {
                            if !self.live.contains(&slice) {
                                continue;
                            }
                            let mut slot_key = Vec::new();
                            push_window_start(&mut slot_key, slice);
                            slot_key.extend_from_slice(&key);
                            let slot = self.groups.lookup(context.store, &slot_key)?;
                            match (&mut whole, self.groups.get(slot)) {
                                (Some(whole), Some(part)) => whole.combine(part),
                                (None, Some(part)) => whole = Some(part.clone()),
                                (_, None) => {}
                            }
                        }
                        if let Some(group) = whole {
                            self.push_row(&mut rows, &key, Some(window), &group)?;
                        }
                    }
                }
            }
        }
        if !rows.times.is_empty() {
            context.emitted.push(rows.finish(self.slices.is_some()));
        }
        Ok(())
    }

    fn dirty_keys(&self) -> Vec<Box<[u8]>> {
        self.groups
            .dirty()
            .filter(|slot| self.groups.get(*slot).is_some())
            .map(|slot| self.groups.key(slot).into())
            .collect()
    }

    fn emit_every(&mut self, every: Span, context: &mut Context<'_>) -> Result<(), TaskError> {
        for key in self.dirty_keys() {
            let slot = self.groups.lookup(context.store, &key)?;
            if let Some(group) = self.groups.modify(slot) {
                group.pending = true;
            }
            self.pending.insert(key);
        }
        let interval = Duration::from_micros(every.micros().max(0) as u64);
        let ended = context.watermark == EventTime::MAX;
        let due = ended || self.emitted_at.is_none_or(|at| context.now.since(at) >= interval);
        if self.pending.is_empty() || !due {
            return Ok(());
        }
        self.emitted_at = Some(context.now);
        let keys: Vec<Box<[u8]>> = std::mem::take(&mut self.pending).into_iter().collect();
        for key in &keys {
            let slot = self.groups.lookup(context.store, key)?;
            if let Some(group) = self.groups.modify(slot) {
                group.pending = false;
            }
        }
        self.emit_changes(keys, context)
    }
}

impl Operator for Aggregate {
    fn on_batch(
        &mut self,
        _port: usize,
        mut batch: Batch,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        if let Some(slices) = &self.slices {
            set_late_aside(&mut batch, slices, self.closed, &self.late, context)?;
        }
        let mut errors = RowErrors::default();
        let key = self.key.evaluate(&batch, &mut errors);
        let arguments = self.arguments.evaluate(&batch, &mut errors);
        self.errors.settle(&mut batch, &errors, context)?;
        self.keys.clear();
        for &row in &batch.selection {
            let row = row as usize;
            self.keys.push_with(|out| {
                if let Some(slices) = &self.slices {
                    let slice = slices.slice_of(batch.times[row]);
                    self.live.insert(slice);
                    push_window_start(out, slice);
                }
                push_key(&key, row, out);
            });
        }
        self.slots.clear();
        self.groups.resolve(context.store, &self.keys, &mut self.slots)?;
        for (&row, &slot) in batch.selection.iter().zip(&self.slots) {
            let group = self.groups.modify(slot).get_or_insert_with(|| Group::new(&self.functions));
            update(group, &arguments, row as usize, batch.times[row as usize]);
        }
        Ok(())
    }

    fn on_partials(&mut self, partials: Partials, context: &mut Context<'_>) -> Result<(), TaskError> {
        self.slots.clear();
        self.groups.resolve(context.store, &partials.keys, &mut self.slots)?;
        for index in 0..partials.len() {
            let share = Group::decode(partials.share(index)).map_err(|cause| self.corrupt(&cause))?;
            if let Some(slices) = &self.slices {
                let (slice, _) =
                    read_window_start(partials.keys.get(index)).map_err(|cause| self.corrupt(&cause))?;
                if slices.expires_at(slice) <= self.closed {
                    self.set_partial_aside(&share, slice, context)?;
                    continue;
                }
                self.live.insert(slice);
            }
            match self.groups.modify(self.slots[index]) {
                Some(group) => group.combine(&share),
                vacant => *vacant = Some(share),
            }
        }
        Ok(())
    }

    fn on_watermark(
        &mut self,
        watermark: EventTime,
        context: &mut Context<'_>,
    ) -> Result<EventTime, TaskError> {
        let (Some(slices), Emit::Final) = (self.slices, self.emit) else { return Ok(self.passed) };
        if watermark <= self.closed {
            return Ok(self.closed.minus(slices.grace));
        }
        let reached = self.reached(watermark);
        self.close_windows(watermark, context)?;
        self.expire(watermark, context.store)?;
        self.closed = reached;
        Ok(watermark.minus(slices.grace))
    }

    fn on_commit(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        match self.emit {
            Emit::Final => return Ok(()),
            Emit::Changes => {
                let keys = self.dirty_keys();
                self.emit_changes(keys, context)?;
            }
            Emit::Every(every) => self.emit_every(every, context)?,
        }
        if self.pending.is_empty() {
            self.passed = context.watermark.minus(self.grace());
        }
        if self.slices.is_some() && self.pending.is_empty() && context.watermark > self.closed {
            let reached = self.reached(context.watermark);
            self.expire(context.watermark, context.store)?;
            self.closed = reached;
        }
        Ok(())
    }

    fn flush(&mut self, writes: &mut WriteSet) {
        self.groups.flush(writes);
        // Only what was given out as final must never be given out again; the other kinds read it from the watermark.
        if self.closed != self.closed_in_store && (self.gave_out || !writes.is_empty()) {
            self.gave_out = false;
            let mut bytes = Vec::new();
            put_i64(&mut bytes, self.closed.micros());
            writes.put(self.table, CLOSED_KEY, &bytes);
            self.closed_in_store = self.closed;
        }
    }

    fn committed(&mut self) {
        self.groups.committed();
    }

    fn uncommitted_bytes(&self) -> usize {
        self.groups.dirty().count() * 128
    }

    fn has_pending(&self, upstream: Upstream, now: WallTime) -> bool {
        let waited_for = self.feeds && self.passed < upstream.watermark.minus(self.grace());
        match self.emit {
            Emit::Final => false,
            Emit::Changes => waited_for,
            Emit::Every(every) if !self.pending.is_empty() => {
                let interval = Duration::from_micros(every.micros().max(0) as u64);
                upstream.watermark == EventTime::MAX
                    || self.emitted_at.is_none_or(|at| now.since(at) >= interval)
            }
            Emit::Every(_) => waited_for,
        }
    }
}

impl Aggregate {
    /// A partial whose windows are closed: its upstream was silent for so long that it no longer counted. The events themselves are
    /// upstream; what is set aside is the partial.
    fn set_partial_aside(
        &self,
        share: &Group,
        slice: EventTime,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        context.counters.late += 1;
        if self.late.topic.is_none() {
            return Ok(());
        }
        let mut value = Vec::new();
        value.extend_from_slice(b"{\"slice\":\"");
        value.extend_from_slice(slice.to_string().as_bytes());
        value.push(b'"');
        for (accumulator, call) in share.accumulators.iter().zip(&self.functions) {
            if let Ok(result) = accumulator.result(call) {
                value.extend_from_slice(b",\"");
                value.extend_from_slice(call.name.as_bytes());
                value.extend_from_slice(b"\":");
                result.write_json(call.ty, &mut value);
            }
        }
        value.push(b'}');
        let aside = Aside {
            place: Place { topic: self.late.step.clone(), partition: context.partition, offset: Offset(-1) },
            time: share.time,
            key: None,
            value: Some(&value),
            code: LATE,
            message: format!(
                "partial aggregate of an input that had been idle; its window was closed at {}",
                self.closed
            ),
        };
        self.late.set_aside(&aside, context)
    }
}

/// Result rows in the making: keys, window bounds, results.
struct RowBuilder {
    keys: Vec<Column>,
    starts: Vec<i64>,
    ends: Vec<i64>,
    results: Vec<Column>,
    times: Vec<EventTime>,
}

impl RowBuilder {
    fn finish(self, windowed: bool) -> Batch {
        let rows = self.times.len();
        let mut columns: Vec<Arc<Column>> = self.keys.into_iter().map(Arc::new).collect();
        if windowed {
            for bound in [self.starts, self.ends] {
                columns.push(Arc::new(Column { data: ColumnData::Int(bound), nulls: None }));
            }
        }
        columns.extend(self.results.into_iter().map(Arc::new));
        Batch {
            columns,
            times: Arc::new(self.times),
            // A result is never late by its own source: it comes before the watermark that let it out is passed on.
            watermarks: Arc::new(vec![EventTime::MIN; rows]),
            selection: Batch::select_all(rows),
            deleted: None,
            raw: None,
            origin: None,
        }
    }
}
