//! Random cases. Where a named difference would make the answers incomparable, the events keep clear of it, and it is said here which.

use crate::case::{BASE, Case, Emit, Event, FAR, Feed, Kind, Operator, Topic, Window};
use proptest::prelude::*;

const EVENTS_MAX: usize = 24;
const KEYS: u8 = 3;
/// The keys of the events that end a case: no other event has them.
const LAST_KEYS: [u8; 3] = [8, 9, 7];

/// An event before it is known what the operator takes.
#[derive(Clone, Copy, Debug)]
struct Raw {
    /// One of those that the operator takes.
    topic: usize,
    key: u8,
    value: Option<i64>,
    /// From the greatest time so far.
    ahead: i64,
}

fn raw() -> impl Strategy<Value = Raw> {
    let value = prop_oneof![4 => (0i64..5).prop_map(Some), 1 => Just(None)];
    let ahead = prop_oneof![6 => 0i64..5, 3 => -14i64..0, 1 => 5i64..40];
    (0usize..6, 0..KEYS, value, ahead).prop_map(|(topic, key, value, ahead)| Raw { topic, key, value, ahead })
}

fn raws() -> impl Strategy<Value = Vec<Raw>> {
    proptest::collection::vec(raw(), 1..EVENTS_MAX)
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Inner), Just(Kind::Left), Just(Kind::Outer)]
}

fn emit() -> impl Strategy<Value = Emit> {
    prop_oneof![Just(Emit::Close), Just(Emit::Suppress), Just(Emit::Changes)]
}

/// [closed-at-end] Where `suppress` gives a session or a sliding window out, it still takes an event, and is given out again.
fn emit_but_suppress() -> impl Strategy<Value = Emit> {
    prop_oneof![Just(Emit::Close), Just(Emit::Changes)]
}

fn grace() -> impl Strategy<Value = i64> {
    prop_oneof![Just(0i64), 0i64..12]
}

fn feed() -> impl Strategy<Value = Feed> {
    let together = prop_oneof![3 => Just(1usize), 1 => 2usize..5, 1 => Just(EVENTS_MAX + 2)];
    let restart = prop_oneof![7 => Just(None), 1 => (0..EVENTS_MAX).prop_map(Some)];
    (together, restart, any::<bool>(), any::<bool>()).prop_map(|(together, restart, regrouped, one_topic)| {
        Feed { together, restart, regrouped, one_topic }
    })
}

fn cases(operators: impl Strategy<Value = Operator>) -> impl Strategy<Value = Case> {
    (operators, raws(), feed()).prop_map(|(operator, raws, feed)| case(operator, &raws, feed))
}

pub fn totals() -> impl Strategy<Value = Case> {
    cases(Just(Operator::Totals))
}

pub fn latest() -> impl Strategy<Value = Case> {
    cases(Just(Operator::Latest))
}

fn windows(
    window: impl Strategy<Value = Window>,
    emit: impl Strategy<Value = Emit>,
) -> impl Strategy<Value = Case> {
    let operator = (window, grace(), emit);
    cases(operator.prop_map(|(window, grace, emit)| Operator::Window { window, grace, emit }))
}

pub fn tumbling() -> impl Strategy<Value = Case> {
    windows((1i64..14).prop_map(|size| Window::Hopping { size, advance: size }), emit())
}

pub fn hopping() -> impl Strategy<Value = Case> {
    let sizes = (2i64..14).prop_flat_map(|size| (Just(size), 1..size));
    windows(sizes.prop_map(|(size, advance)| Window::Hopping { size, advance }), emit())
}

pub fn session() -> impl Strategy<Value = Case> {
    windows((1i64..10).prop_map(|gap| Window::Session { gap }), emit_but_suppress())
}

pub fn sliding() -> impl Strategy<Value = Case> {
    windows((1i64..12).prop_map(|size| Window::Sliding { size }), emit_but_suppress())
}

pub fn join_streams() -> impl Strategy<Value = Case> {
    let reach = prop_oneof![(1i64..10, 0i64..10), (0i64..10, 1i64..10)];
    let operator = (kind(), reach, grace());
    cases(operator.prop_map(|(kind, (before, after), grace)| Operator::JoinStreams {
        kind,
        before,
        after,
        grace,
    }))
}

pub fn join_table() -> impl Strategy<Value = Case> {
    let kind = prop_oneof![Just(Kind::Inner), Just(Kind::Left)];
    cases((kind, any::<bool>()).prop_map(|(kind, derived)| Operator::JoinTable { kind, derived }))
}

pub fn join_sums() -> impl Strategy<Value = Case> {
    cases(prop_oneof![Just(Kind::Inner), Just(Kind::Left)].prop_map(|kind| Operator::JoinSums { kind }))
}

pub fn aggregate_table() -> impl Strategy<Value = Case> {
    cases(Just(Operator::AggregateTable))
}

pub fn join_foreign() -> impl Strategy<Value = Case> {
    cases(prop_oneof![Just(Kind::Inner), Just(Kind::Left)].prop_map(|kind| Operator::JoinForeign { kind }))
}

pub fn look_up_foreign() -> impl Strategy<Value = Case> {
    let kind = || prop_oneof![Just(Kind::Inner), Just(Kind::Left)];
    cases((kind(), kind()).prop_map(|(kind, tables)| Operator::LookUpForeign { kind, tables }))
}

pub fn look_up_groups() -> impl Strategy<Value = Case> {
    cases(prop_oneof![Just(Kind::Inner), Just(Kind::Left)].prop_map(|kind| Operator::LookUpGroups { kind }))
}

pub fn join_tables() -> impl Strategy<Value = Case> {
    cases((kind(), any::<bool>()).prop_map(|(kind, derived)| Operator::JoinTables { kind, derived }))
}

/// What an operator's topics may hold.
struct Takes {
    topics: &'static [Topic],
    /// These topics are those of tables.
    tables: &'static [Topic],
    /// These are made into tables by `latest by`.
    latest: &'static [Topic],
    /// Each event has a value of its own, to be known by.
    numbered: bool,
}

fn takes(operator: Operator) -> Takes {
    const BOTH: &[Topic] = &[Topic::A, Topic::B];
    const ONLY_A: &[Topic] = &[Topic::A];
    const ONLY_B: &[Topic] = &[Topic::B];
    let streams = Takes { topics: ONLY_A, tables: &[], latest: &[], numbered: false };
    match operator {
        Operator::Totals | Operator::Window { .. } => streams,
        Operator::Latest => Takes { latest: ONLY_A, ..streams },
        Operator::AggregateTable => Takes { tables: ONLY_A, ..streams },
        Operator::JoinStreams { .. } => Takes { topics: BOTH, numbered: true, ..streams },
        Operator::JoinTable { derived: false, .. } => Takes { topics: BOTH, tables: ONLY_B, ..streams },
        Operator::JoinTable { derived: true, .. } => Takes { topics: BOTH, latest: ONLY_B, ..streams },
        Operator::JoinSums { .. } => Takes { topics: BOTH, ..streams },
        Operator::JoinTables { derived: false, .. } | Operator::JoinForeign { .. } => {
            Takes { topics: BOTH, tables: BOTH, ..streams }
        }
        Operator::JoinTables { derived: true, .. } => Takes { topics: BOTH, latest: BOTH, ..streams },
        Operator::LookUpForeign { .. } => {
            Takes { topics: &[Topic::A, Topic::B, Topic::C], tables: BOTH, ..streams }
        }
        Operator::LookUpGroups { .. } => Takes { topics: &[Topic::A, Topic::C], tables: ONLY_A, ..streams },
    }
}

fn case(operator: Operator, raws: &[Raw], feed: Feed) -> Case {
    let takes = takes(operator);
    let feed = feed_for(operator, feed);
    let refers = matches!(operator, Operator::JoinForeign { .. } | Operator::LookUpForeign { .. });
    let mut events: Vec<Event> = Vec::new();
    for raw in raws {
        let topic = takes.topics[raw.topic % takes.topics.len()];
        let value = match raw.value {
            _ if takes.numbered => Some(events.len() as i64),
            // A null value deletes a table's row; a stream's events have one.
            None if !takes.tables.contains(&topic) => Some(0),
            // [unchanged-row] In Kafka Streams a row that is as it was gives its group again, with its own time.
            value @ Some(number)
                if operator == Operator::AggregateTable && last_of(&events, raw.key) == value =>
            {
                Some((number + 1) % 5)
            }
            // It refers to nothing.
            Some(4) if topic == Topic::A && refers => Some(-1),
            value => value,
        };
        let event = Event { topic, key: raw.key, value, time: 0 };
        let time = time_for(operator, &takes, feed, &events, event, raw.ahead);
        events.push(Event { time, ..event });
    }
    let end = newest(&events) + FAR;
    for (topic, key) in takes.topics.iter().zip(LAST_KEYS) {
        events.push(Event { topic: *topic, key, value: Some(events.len() as i64), time: end });
    }
    Case { operator, events, feed }
}

/// The value that a key has now.
fn last_of(events: &[Event], key: u8) -> Option<i64> {
    events.iter().rev().find(|event| event.key == key)?.value
}

fn newest(events: &[Event]) -> i64 {
    events.iter().map(|event| event.time).max().unwrap_or(BASE)
}

fn time_for(
    operator: Operator,
    takes: &Takes,
    feed: Feed,
    events: &[Event],
    event: Event,
    ahead: i64,
) -> i64 {
    let newest = newest(events);
    let time = newest + ahead;
    match operator {
        // [closed-at-end] A session that is final takes no event any more; in Kafka Streams it does for as long as it is in the store.
        Operator::Window { window: Window::Session { gap }, grace, .. } => {
            let is_near = sessions(events, event.key, gap, grace).iter().any(|(first, last)| {
                last + gap + grace < newest && (first - gap..=last + gap).contains(&time)
            });
            if is_near { newest } else { time }
        }
        // [sliding-late] Kafka Streams keeps an event in the windows that hold it: here the one that ends at it is always open.
        Operator::Window { window: Window::Sliding { .. }, grace, .. } => time.max(newest - grace),
        // [own-watermark] Of two topics, Kafka Streams compares with the greatest time of both: here nothing is late by that, either.
        Operator::JoinStreams { grace, .. } if !feed.one_topic => time.max(newest - grace),
        // [latest-by-time] Kafka Streams has the last of each key, by offsets: here that is the one with the greatest time.
        _ if takes.latest.contains(&event.topic) => {
            let same = events.iter().filter(|known| known.topic == event.topic && known.key == event.key);
            time.max(same.map(|known| known.time).max().unwrap_or(i64::MIN))
        }
        _ => time,
    }
}

/// The sessions of a key, final or not, as first and last event.
fn sessions(events: &[Event], key: u8, gap: i64, grace: i64) -> Vec<(i64, i64)> {
    let mut sessions: Vec<(i64, i64)> = Vec::new();
    for (index, event) in events.iter().enumerate().filter(|(_, event)| event.key == key) {
        let time = event.time;
        let joins = |session: &(i64, i64)| (session.0 - gap..=session.1 + gap).contains(&time);
        let (joined, others): (Vec<_>, Vec<_>) = sessions.iter().copied().partition(joins);
        // [session-late] One that comes too late begins none.
        if joined.is_empty() && events[..index].iter().any(|known| time + gap + grace < known.time) {
            continue;
        }
        let bounds =
            joined.iter().fold((time, time), |whole, part| (whole.0.min(part.0), whole.1.max(part.1)));
        sessions = others;
        sessions.push(bounds);
    }
    sessions
}

/// Only a join of streams reads one topic as two, only aggregates are regrouped. An event meets a table as it is when the event is read,
/// which is defined only where events come one by one.
fn feed_for(operator: Operator, feed: Feed) -> Feed {
    let aggregates = matches!(operator, Operator::Totals | Operator::Window { .. });
    let is_join = matches!(operator, Operator::JoinStreams { .. });
    let looks_up = matches!(
        operator,
        Operator::JoinTable { .. }
            | Operator::JoinSums { .. }
            | Operator::LookUpForeign { .. }
            | Operator::LookUpGroups { .. }
    );
    let together = if looks_up { 1 } else { feed.together };
    Feed { together, regrouped: feed.regrouped && aggregates, one_topic: feed.one_topic && is_join, ..feed }
}
