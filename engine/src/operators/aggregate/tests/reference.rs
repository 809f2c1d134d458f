//! What windows hold, worked out from all events that were read: as OPERATORS.md says it, and as plainly as can be.

use std::collections::{BTreeMap, BTreeSet};

/// An event as it was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Event {
    pub id: i64,
    pub key: Option<i64>,
    pub time: i64,
    /// The watermark of its own partition just before it.
    pub own: i64,
}

#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Aligned { size: i64, advance: i64, offset: i64 },
    Cumulate { step: i64, steps: i64, offset: i64 },
    Session { size: i64 },
    Sliding { size: i64 },
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Window {
    pub key: Option<i64>,
    pub start: i64,
    pub end: i64,
    pub time: i64,
    /// It is final when the watermark is greater.
    pub final_behind: i64,
    /// In the order in which aggregates take them.
    pub events: Vec<Event>,
}

/// The windows that hold something, and the ids of late events, after these were read.
pub fn windows(kind: Kind, grace: i64, read: &[Event]) -> (Vec<Window>, Vec<i64>) {
    match kind {
        Kind::Session { size } => sessions(size, grace, read),
        Kind::Sliding { size } => sliding(size, grace, read),
        Kind::Aligned { size, advance, offset } => {
            aligned(grace, read, (gcd(size, advance), offset), |time| {
                let starts =
                    (time - size - advance..=time).filter(|start| (start - offset).rem_euclid(advance) == 0);
                starts.filter(|start| time < start + size).map(|start| (start, start + size)).collect()
            })
        }
        Kind::Cumulate { step, steps, offset } => aligned(grace, read, (step, offset), |time| {
            let start = (time - offset).div_euclid(step * steps) * step * steps + offset;
            (1..=steps).map(|number| (start, start + number * step)).filter(|(_, end)| time < *end).collect()
        }),
    }
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// `of`: the windows that hold a time.
fn aligned(
    grace: i64,
    read: &[Event],
    (slice, offset): (i64, i64),
    of: impl Fn(i64) -> Vec<(i64, i64)>,
) -> (Vec<Window>, Vec<i64>) {
    let mut held: BTreeMap<(Option<i64>, i64, i64), Vec<(bool, i64, Event)>> = BTreeMap::new();
    let mut late = Vec::new();
    for event in read {
        let open: Vec<(i64, i64)> =
            of(event.time).into_iter().filter(|(_, end)| event.own < end + grace).collect();
        if open.is_empty() {
            late.push(event.id);
        }
        // Late ones of a slice stand behind the others, by the first window that they count in.
        let is_late = open.len() < of(event.time).len();
        for (start, end) in &open {
            let from = if is_late { open[0].1 } else { i64::MIN };
            held.entry((event.key, *start, *end)).or_default().push((is_late, from, *event));
        }
    }
    let windows = held.into_iter().map(|((key, start, end), mut held)| {
        held.sort_by_key(|(is_late, from, event)| ((event.time - offset).div_euclid(slice), *is_late, *from));
        let events = held.into_iter().map(|(_, _, event)| event).collect();
        Window { key, start, end, time: end - 1, final_behind: end + grace - 1, events }
    });
    (windows.collect(), late)
}

fn sessions(size: i64, grace: i64, read: &[Event]) -> (Vec<Window>, Vec<i64>) {
    let mut sessions: Vec<Window> = Vec::new();
    let mut late = Vec::new();
    for event in read {
        let final_behind = |last: i64| last + size + grace;
        let open = |session: &Window| session.key == event.key && event.own <= final_behind(session.end);
        let time = event.time;
        // The last one that ends before it, and the first one that ends at or behind it.
        let ends_before = |session: &&Window| open(session) && session.end < time;
        let before = sessions.iter().filter(ends_before).max_by_key(|session| session.end);
        let before = before.filter(|session| time - session.end <= size).cloned();
        let ends_behind = |session: &&Window| open(session) && session.end >= time;
        let behind = sessions.iter().filter(ends_behind).min_by_key(|session| session.end);
        let behind = behind.filter(|session| session.start - time <= size).cloned();
        let joined: Vec<Window> = [before, behind].into_iter().flatten().collect();
        if joined.is_empty() && event.own > final_behind(time) {
            late.push(event.id);
            continue;
        }
        sessions.retain(|session| !joined.contains(session));
        let start = joined.iter().map(|session| session.start).min().unwrap_or(time).min(time);
        let end = joined.iter().map(|session| session.end).max().unwrap_or(time).max(time);
        let mut events: Vec<Event> = joined.into_iter().flat_map(|session| session.events).collect();
        events.push(*event);
        sessions.push(Window {
            key: event.key,
            start,
            end,
            time: end,
            final_behind: final_behind(end),
            events,
        });
    }
    (sessions, late)
}

fn sliding(size: i64, grace: i64, read: &[Event]) -> (Vec<Window>, Vec<i64>) {
    let is_late = |event: &Event| event.own > event.time + size + grace;
    let late = read.iter().filter(|event| is_late(event)).map(|event| event.id).collect();
    let counted: Vec<Event> = read.iter().filter(|event| !is_late(event)).copied().collect();
    let mut ends: BTreeSet<(Option<i64>, i64)> = BTreeSet::new();
    for event in &counted {
        if event.own <= event.time + grace {
            ends.insert((event.key, event.time));
        }
        ends.insert((event.key, event.time + 1 + size));
    }
    let windows = ends.into_iter().map(|(key, end)| {
        let holds = |event: &&Event| {
            let is_in = event.key == key && end - size <= event.time && event.time <= end;
            is_in && event.own <= end + grace
        };
        let mut events: Vec<Event> = counted.iter().filter(holds).copied().collect();
        // Late ones of a time stand behind the others, by the first window that they count in.
        events.sort_by_key(|event| (event.time, event.own.saturating_sub(grace).max(event.time)));
        Window { key, start: end - size, end, time: end, final_behind: end + grace, events }
    });
    (windows.filter(|window| !window.events.is_empty()).collect(), late)
}
