//! Tables whose rows are deleted when they are so far behind the watermark: moment by moment.

use super::evaluate::{Types, key};
use super::row::{At, END, Given, Key, Phase, Row, START};
use super::tables::TaskKey;
use super::watermarks::Passing;
use super::windows::Work;
use std::collections::{BTreeMap, BTreeSet};
use tidegate_model::plan::Latest;
use tidegate_model::{Span, Value};

fn is_over(ttl: Span, time: i64, watermark: i64) -> bool {
    watermark != END && watermark != START && time.saturating_add(ttl.micros()) <= watermark
}

fn of_moment(rows: &[Row], moment: usize) -> impl Iterator<Item = &Row> {
    rows.iter().filter(move |row| row.at.moment == moment)
}

/// Behind everything that the moment brings.
fn last(rows: &[Row], moment: usize, phase: Phase) -> At {
    let hop = rows.iter().map(|row| row.at.hop).max().unwrap_or(0);
    At { moment, hop, phase }
}

/// Of a topic: a record that is over when it is read deletes.
pub fn table(ttl: Span, column: usize, rows: &[Row], watermarks: Passing) -> Given {
    let mut alive: BTreeMap<TaskKey, Row> = BTreeMap::new();
    let mut given = Vec::new();
    for moment in 0..watermarks.moments() {
        for row in of_moment(rows, moment) {
            let before = watermarks.before(row.partition, moment);
            let row = Row { deleted: row.deleted || is_over(ttl, row.time, before), ..row.clone() };
            let place = (row.partition, Key(vec![row.values[column].clone()]));
            match row.deleted {
                true => drop(alive.remove(&place)),
                false => drop(alive.insert(place, row.clone())),
            }
            given.push(row);
        }
        let at = last(rows, moment, Phase::Watermark);
        alive.retain(|place, row| {
            let over = is_over(ttl, row.time, watermarks.after(place.0, moment));
            if over {
                let gone = Row::made(at, place.0, row.time + ttl.micros(), row.values.clone());
                given.push(Row { deleted: true, ..gone });
            }
            !over
        });
    }
    Given::rows(given)
}

pub fn latest(
    latest: &Latest,
    ttl: Span,
    types: &Types,
    rows: &[Row],
    at_once: bool,
    watermarks: Passing,
) -> Given {
    let mut table: BTreeMap<TaskKey, Row> = BTreeMap::new();
    let mut given = Vec::new();
    for moment in 0..watermarks.moments() {
        let before: BTreeSet<TaskKey> = table.keys().cloned().collect();
        let mut changed: BTreeSet<TaskKey> = BTreeSet::new();
        for row in of_moment(rows, moment) {
            let place = (row.partition, key(&latest.key, types, &row.values));
            let own = row.own.max(watermarks.before(row.partition, moment));
            let is_older = table.get(&place).is_some_and(|known| known.time > row.time);
            if is_older || is_over(ttl, row.time, own) {
                continue;
            }
            table.insert(place.clone(), row.clone());
            changed.insert(place);
            if at_once {
                given.push(Row::made(row.at, row.partition, row.time, row.values.clone()));
            }
        }
        let mut gone: Vec<(TaskKey, Row)> = Vec::new();
        table.retain(|place, row| {
            let over = is_over(ttl, row.time, watermarks.after(place.0, moment));
            if over {
                gone.push((place.clone(), row.clone()));
            }
            !over
        });
        let phase = if at_once { Phase::Watermark } else { Phase::Commit };
        let at = last(rows, moment, phase);
        for (place, row) in gone {
            if at_once || before.contains(&place) {
                let end = row.time + ttl.micros();
                given.push(Row { deleted: true, ..Row::made(at, place.0, end, row.values) });
            }
        }
        for place in changed.iter().filter(|_| !at_once) {
            let row = table.get(place);
            given.extend(row.map(|row| Row::made(at, row.partition, row.time, row.values.clone())));
        }
    }
    Given::rows(given)
}

/// Without a window: a group that is over by an event's own watermark begins anew with it.
pub fn totals(work: &Work, ttl: Span, rows: &[Row], watermarks: Passing) -> Given {
    let mut groups: BTreeMap<TaskKey, Vec<&Row>> = BTreeMap::new();
    let time_of = |events: &[&Row]| events.iter().map(|event| event.time).max().expect("a group has events");
    let mut given = Vec::new();
    for moment in 0..watermarks.moments() {
        let before: BTreeSet<TaskKey> = groups.keys().cloned().collect();
        let mut changed: BTreeSet<TaskKey> = BTreeSet::new();
        for row in of_moment(rows, moment) {
            let place = (row.partition, key(&work.aggregate.key, work.types, &row.values));
            let own = row.own.max(watermarks.before(row.partition, moment));
            let known = groups.get(&place).filter(|events| !is_over(ttl, time_of(events), own));
            match known {
                Some(_) => groups.get_mut(&place).expect("it is there").push(row),
                None if is_over(ttl, row.time, own) => continue,
                None => drop(groups.insert(place.clone(), vec![row])),
            }
            changed.insert(place);
        }
        let at = last(rows, moment, Phase::Commit);
        let mut gone: Vec<(TaskKey, i64)> = Vec::new();
        groups.retain(|place, events| {
            let over = is_over(ttl, time_of(events), watermarks.after(place.0, moment));
            if over {
                gone.push((place.clone(), time_of(events) + ttl.micros()));
            }
            !over
        });
        for (place, end) in gone.into_iter().filter(|(place, _)| before.contains(place)) {
            let nothing = vec![Value::Null; work.aggregate.functions.len()];
            let row = Row::made(at, place.0, end, [&place.1.0[..], &nothing].concat());
            given.push(Row { deleted: true, ..row });
        }
        for place in &changed {
            let Some(events) = groups.get(place) else { continue };
            given.push(work.row(at, (place.0, &place.1.0), None, time_of(events), events));
        }
    }
    Given::rows(given)
}
