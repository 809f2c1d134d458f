//! What Tidegate is to answer, worked out of what Kafka Streams answers: the differences that are on purpose, each by its name in
//! `engine/OPERATORS.md`, and nothing else. `named.rs` shows that each is really there.

use crate::case::{Case, Operator, Row, Topic, Window};
use std::collections::{BTreeMap, BTreeSet};

/// The rows after each event.
pub type Steps = Vec<Vec<Row>>;

/// Kafka Streams' rows as Tidegate gives them.
pub fn expected(case: &Case, streams: Steps) -> Steps {
    match case.operator {
        Operator::JoinStreams { .. } => join_of_streams(case, streams),
        Operator::JoinTables { .. } => deletion_time(no_empty_tombstone(streams)),
        Operator::AggregateTable => no_empty_tombstone(streams),
        // [foreign-key-time] A row's time is the greater one of both; in Kafka Streams it is that of the record that brought it about.
        Operator::JoinForeign { .. } => without_time(no_empty_tombstone(streams), |_| true),
        Operator::Window { window, .. } => row_time(window, one_row_a_commit(window, streams)),
        Operator::Totals
        | Operator::Latest
        | Operator::JoinTable { .. }
        | Operator::JoinSums { .. }
        | Operator::LookUpForeign { .. }
        | Operator::LookUpGroups { .. } => streams,
    }
}

/// Tidegate's rows without what is not compared.
pub fn comparable(case: &Case, ours: Steps) -> Steps {
    match case.operator {
        Operator::Window { window, .. } => row_time(window, ours),
        Operator::JoinTables { .. } => deletion_time(ours),
        Operator::JoinForeign { .. } => without_time(ours, |_| true),
        Operator::Totals
        | Operator::Latest
        | Operator::AggregateTable
        | Operator::JoinStreams { .. }
        | Operator::JoinTable { .. }
        | Operator::JoinSums { .. }
        | Operator::LookUpForeign { .. }
        | Operator::LookUpGroups { .. } => ours,
    }
}

/// [one-row-a-commit] Kafka Streams deletes and gives a session's row again where an event changes no bounds, and gives a sliding window's
/// row as it comes and as it changes. With us each event is a commit here: one row for each window, in the order of the windows.
fn one_row_a_commit(window: Window, steps: Steps) -> Steps {
    let last_of_each = |rows: Vec<Row>| -> Vec<Row> {
        let is_same = |row: &Row, later: &Row| (&later.key, later.window) == (&row.key, row.window);
        let mut last: Vec<Row> = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            if !rows[index + 1..].iter().any(|later| is_same(row, later)) {
                last.push(row.clone());
            }
        }
        if matches!(window, Window::Sliding { .. }) {
            last.sort_by(|a, b| (a.window, &a.key).cmp(&(b.window, &b.key)));
        }
        last
    };
    match window {
        Window::Hopping { .. } => steps,
        Window::Session { .. } | Window::Sliding { .. } => steps.into_iter().map(last_of_each).collect(),
    }
}

/// [row-time] A window's row has the window's last moment as its time; in Kafka Streams it is the greatest of its events. Of a session
/// both are the same.
fn row_time(window: Window, steps: Steps) -> Steps {
    if matches!(window, Window::Session { .. }) {
        return steps;
    }
    without_time(steps, |_| true)
}

/// [deletion-time] A row of two tables has the greater time of the rows that it is made of. In Kafka Streams a deletion has a time, too, which
/// is the deleting record's, and counts.
fn deletion_time(steps: Steps) -> Steps {
    without_time(steps, |row| row.values.as_ref().is_none_or(|values| values.contains(&None)))
}

pub fn without_time(mut steps: Steps, is_unlike: impl Fn(&Row) -> bool) -> Steps {
    for row in steps.iter_mut().flatten().filter(|row| is_unlike(row)) {
        row.time = None;
    }
    steps
}

/// [no-empty-tombstone] A deletion is given out only where a row was, and a row only where it is another one than before.
fn no_empty_tombstone(steps: Steps) -> Steps {
    let mut table: BTreeMap<String, Vec<Option<i64>>> = BTreeMap::new();
    let mut changes = |row: &Row| match &row.values {
        None => table.remove(&row.key).is_some(),
        Some(values) => table.insert(row.key.clone(), values.clone()).as_ref() != Some(values),
    };
    steps.into_iter().map(|rows| rows.into_iter().filter(|row| changes(row)).collect()).collect()
}

/// An event of a join of streams, by its topic and its value.
type Id = (Topic, i64);

fn events_of(row: &Row) -> Vec<Id> {
    let values = row.values.as_ref().expect("a join of streams deletes nothing");
    let ids = [Topic::A, Topic::B].into_iter().zip(values);
    ids.filter_map(|(topic, value)| Some((topic, (*value)?))).collect()
}

fn is_late(case: &Case, index: usize, grace: i64) -> bool {
    case.watermark_before(index).is_some_and(|watermark| case.events[index].time + grace < watermark)
}

fn join_of_streams(case: &Case, mut streams: Steps) -> Steps {
    let Operator::JoinStreams { kind, grace, .. } = case.operator else { return streams };
    let id = |index: usize| -> Id {
        let event = &case.events[index];
        (event.topic, event.value.expect("each has a number"))
    };
    // [late-joins-nothing] A late event goes to `late ->`. Kafka Streams joins it with whatever is still there, or gives it out alone.
    let late: BTreeSet<Id> =
        (0..case.events.len()).filter(|index| is_late(case, *index, grace)).map(id).collect();
    let mut bereft: BTreeSet<Id> = BTreeSet::new();
    let mut paired: BTreeSet<Id> = BTreeSet::new();
    for rows in &mut streams {
        rows.retain(|row| {
            let events = events_of(row);
            let is_late = events.iter().any(|event| late.contains(event));
            if is_late {
                bereft.extend(events.iter().filter(|event| !late.contains(event)));
            } else if events.len() == 2 {
                paired.extend(&events);
            }
            !is_late
        });
    }
    // [no-contradiction] An event that has a partner is never given out alone, too.
    for rows in &mut streams {
        rows.retain(|row| !(row.is_alone() && paired.contains(&events_of(row)[0])));
    }
    // Whose only partners were late stands alone with us; where there is such an event, Kafka Streams' row for it is lacking.
    let alone: BTreeSet<Id> =
        streams.iter().flatten().filter(|row| row.is_alone()).flat_map(events_of).collect();
    let last = streams.last_mut().expect("a case has events");
    for (topic, value) in bereft {
        if kind.alone(topic) && !paired.contains(&(topic, value)) && !alone.contains(&(topic, value)) {
            let event = &case.events[value as usize];
            let values = if topic == Topic::A { vec![Some(value), None] } else { vec![None, Some(value)] };
            last.push(Row {
                key: event.key_text(),
                window: None,
                values: Some(values),
                time: Some(event.time),
            });
        }
    }
    streams
}
