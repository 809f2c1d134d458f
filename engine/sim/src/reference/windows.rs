//! `aggregate` without a window, and over tumbling, hopping and cumulating ones.

use super::evaluate::{Types, by_key};
use super::functions::results;
use super::row::{At, Given, Phase, Row};
use super::wall_clock::{Zone, instant, local};
use super::watermarks::Passing;
use std::collections::{BTreeMap, BTreeSet};
use tidegate_model::Value;
use tidegate_model::plan::{Aggregate, Emit, Window, WindowShape};

/// What an aggregate is worked out with.
pub struct Work<'a> {
    pub aggregate: &'a Aggregate,
    pub types: &'a Types,
    pub watermarks: Passing<'a>,
    /// How many repartitions lie behind its task's events.
    pub hop: usize,
}

impl Work<'_> {
    /// A row of the results over these events.
    pub fn row(
        &self,
        at: At,
        (partition, key): (usize, &[Value]),
        bounds: Option<(i64, i64)>,
        time: i64,
        events: &[&Row],
    ) -> Row {
        let mut values = key.to_vec();
        if let Some((start, end)) = bounds {
            values.extend([Value::Timestamp(start), Value::Timestamp(end)]);
        }
        values.extend(results(&self.aggregate.functions, self.types, events));
        Row::made(at, partition, time, values)
    }

    pub fn at(&self, moment: usize, phase: Phase) -> At {
        At { moment, hop: self.hop, phase }
    }

    pub fn is_final(&self) -> bool {
        match self.aggregate.emit {
            Emit::Final => true,
            // How often rows are given out in between is the wall clock's business.
            Emit::Changes | Emit::Every(_) => false,
        }
    }
}

/// The moments at which one of them is read.
pub fn moments(events: &[&Row]) -> BTreeSet<usize> {
    events.iter().map(|event| event.at.moment).collect()
}

pub fn up_to<'a>(events: &[&'a Row], moment: usize) -> Vec<&'a Row> {
    events.iter().copied().filter(|event| event.at.moment <= moment).collect()
}

/// Without a window: at each commit the row of each key that changed.
pub fn totals(work: &Work, rows: &[Row]) -> Given {
    let mut given = Vec::new();
    for ((partition, key), events) in by_key(&work.aggregate.key, work.types, rows) {
        for moment in moments(&events) {
            let so_far = up_to(&events, moment);
            let time = so_far.iter().map(|event| event.time).max().expect("one was read");
            given.push(work.row(work.at(moment, Phase::Commit), (partition, &key.0), None, time, &so_far));
        }
    }
    Given::rows(given).in_order()
}

pub fn aligned(work: &Work, window: &Window, rows: &[Row]) -> Given {
    let (grace, mut given) = (window.grace.micros(), Given::default());
    for ((partition, key), events) in by_key(&work.aggregate.key, work.types, rows) {
        let mut windows: BTreeMap<(i64, i64), Vec<&Row>> = BTreeMap::new();
        for event in events {
            let open = windows_of(window, event.time).into_iter().filter(|(_, end)| event.own < end + grace);
            let open: Vec<(i64, i64)> = open.collect();
            if open.is_empty() {
                given.late.push((0, event.clone()));
            }
            for bounds in open {
                windows.entry(bounds).or_default().push(event);
            }
        }
        for ((start, end), mut events) in windows {
            events.sort_by_key(|event| slice_of(window, event.time));
            let mut give = |moment, phase, events: &[&Row]| {
                let key = (partition, &key.0[..]);
                given.rows.push(work.row(work.at(moment, phase), key, Some((start, end)), end - 1, events));
            };
            if !work.is_final() {
                moments(&events)
                    .into_iter()
                    .for_each(|moment| give(moment, Phase::Commit, &up_to(&events, moment)));
                continue;
            }
            let moment = work.watermarks.first(partition, |watermark| watermark >= end + grace);
            moment.into_iter().for_each(|moment| give(moment, Phase::Watermark, &events));
        }
    }
    given.in_order()
}

/// Is it known of an event without its key that it is late? In which session it falls its key tells.
pub fn is_late(window: &Window, event: &Row) -> bool {
    let grace = window.grace.micros();
    match window.shape {
        WindowShape::Aligned | WindowShape::Cumulate => {
            windows_of(window, event.time).into_iter().all(|(_, end)| event.own >= end + grace)
        }
        WindowShape::Sliding => event.own > event.time + window.size.micros() + grace,
        WindowShape::Session => false,
    }
}

/// The windows that hold an instant: those among all that are near. They begin and end when the clock on the wall shows a multiple of their steps, by UTC where there is no zone.
fn windows_of(window: &Window, time: i64) -> BTreeSet<(i64, i64)> {
    let (size, advance) = (window.size.micros(), window.advance.micros());
    let zone = window.zone.as_deref().map(Zone::new);
    let is_cumulate = window.shape == WindowShape::Cumulate;
    let (step, back) = if is_cumulate { (size, 0) } else { (advance, size / advance) };
    let offset = window.offset.micros();
    let last = (local(zone, time) - offset).div_euclid(step);
    // No change of the clocks moves a window by more than its neighbours.
    let aside = if zone.is_some() { 1 + Zone::CHANGE_MAX / step } else { 0 };
    let starts = (last - back - aside..=last + aside).map(|number| number * step + offset);
    let all = starts.flat_map(|start| {
        let lengths =
            if is_cumulate { (1..=size / advance).map(|step| step * advance).collect() } else { vec![size] };
        lengths.into_iter().map(move |length| (instant(zone, start), instant(zone, start + length)))
    });
    all.filter(|(start, end)| (*start..*end).contains(&time)).collect()
}

/// A window is put together of slices, whose length divides size and advance, in the order of their times.
fn slice_of(window: &Window, time: i64) -> i64 {
    let (size, advance) = (window.size.micros(), window.advance.micros());
    let slice = (1..=advance).rev().find(|length| size % length == 0 && advance % length == 0);
    (time - window.offset.micros()).div_euclid(slice.expect("1 divides both"))
}
