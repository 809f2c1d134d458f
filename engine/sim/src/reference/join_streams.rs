//! `join … within`: all pairs of both inputs, and the events that are in none.

use super::evaluate::{is_true, key};
use super::row::{At, Given, Key, Phase, Row};
use super::watermarks::Passing;
use tidegate_model::plan::{JoinKind, JoinStreams};
use tidegate_model::{ScalarType, Value};

/// An event that is on time, with its key.
struct Event<'a> {
    row: &'a Row,
    key: Key,
}

/// `types`: of both inputs, and of what is given.
pub fn join_streams(
    join: &JoinStreams,
    types: [&[ScalarType]; 3],
    inputs: [&[Row]; 2],
    watermarks: Passing,
    hop: usize,
) -> Given {
    let mut given = Given::default();
    let grace = join.grace.micros();
    let keys = [&join.left_key, &join.right_key];
    let mut events: [Vec<Event>; 2] = [Vec::new(), Vec::new()];
    for port in 0..2 {
        for row in inputs[port] {
            if row.time.saturating_add(grace) < row.own {
                given.late.push((port, row.clone()));
                continue;
            }
            events[port].push(Event { row, key: key(keys[port], types[port], &row.values) });
        }
    }
    let [lefts, rights] = &events;
    let together = |left: Option<&Event>, right: Option<&Event>| {
        let side = |event: Option<&Event>, width: usize| match event {
            Some(event) => event.row.values.clone(),
            None => vec![Value::Null; width],
        };
        let mut values = side(left, types[0].len());
        if join.kind != JoinKind::Inner {
            values.push(Value::Bool(right.is_some()));
        }
        values.extend(side(right, types[1].len()));
        values
    };
    let is_pair = |left: &Event, right: &Event| {
        let near = left.row.time - join.before.micros()..=left.row.time.saturating_add(join.after.micros());
        left.key == right.key
            && left.row.partition == right.row.partition
            && near.contains(&right.row.time)
            && join
                .condition
                .as_ref()
                .is_none_or(|condition| is_true(condition, types[2], &together(Some(left), Some(right))))
    };
    for left in lefts {
        for right in rights.iter().filter(|right| is_pair(left, right)) {
            let (at, time) = (left.row.at.max(right.row.at), left.row.time.max(right.row.time));
            let values = together(Some(left), Some(right));
            given.rows.push(Row::made(at, left.row.partition, time, values));
        }
    }
    let mut alone = |event: &Event, ahead: i64, values: Vec<Value>| {
        let due = event.row.time + ahead + grace;
        let moment = watermarks.first(event.row.partition, |watermark| watermark > due);
        let row = moment.map(|moment| {
            let at = At { moment, hop, phase: Phase::Watermark };
            Row::made(at, event.row.partition, event.row.time, values)
        });
        given.rows.extend(row);
    };
    if join.kind != JoinKind::Inner {
        for left in lefts.iter().filter(|left| !rights.iter().any(|right| is_pair(left, right))) {
            alone(left, join.after.micros(), together(Some(left), None));
        }
    }
    if join.kind == JoinKind::Outer {
        for right in rights.iter().filter(|right| !lefts.iter().any(|left| is_pair(left, right))) {
            alone(right, join.before.micros(), together(None, Some(right)));
        }
    }
    given.in_order()
}
