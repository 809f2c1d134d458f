//! `schedule`: what waits, moment by moment.

use super::evaluate::{Types, is_true, key, value};
use super::row::{At, Given, Key, Phase, Row};
use super::watermarks::Passing;
use tidegate_model::Value;
use tidegate_model::plan::Schedule;

struct Waiting {
    due: i64,
    key: Key,
    row: Row,
}

pub fn schedule(schedule: &Schedule, types: &Types, rows: &[Row], watermarks: Passing, hop: usize) -> Given {
    let mut given = Vec::new();
    let mut waiting: Vec<Waiting> = Vec::new();
    for moment in 0..watermarks.moments() {
        for row in rows.iter().filter(|row| row.at.moment == moment) {
            let key = key(&schedule.key, types, &row.values);
            let is_own = |other: &Waiting| other.row.partition == row.partition && other.key == key;
            let now = row.own.max(watermarks.before(row.partition, moment));
            let cancels = schedule.cancel.as_ref().is_some_and(|cancel| is_true(cancel, types, &row.values));
            if cancels || schedule.replace {
                waiting.retain(|other| !is_own(other) || other.due <= now);
            }
            if cancels {
                continue;
            }
            let Value::Timestamp(due) = value(&schedule.at, types, &row.values) else {
                panic!("an event is due at a time")
            };
            if due <= row.time.max(now) {
                given.push(row.clone());
            } else {
                waiting.push(Waiting { due, key, row: row.clone() });
            }
        }
        let is_due = |wait: &Waiting| wait.due <= watermarks.after(wait.row.partition, moment);
        let (mut due, left): (Vec<Waiting>, Vec<Waiting>) = waiting.into_iter().partition(is_due);
        waiting = left;
        due.sort_by_key(|wait| wait.due);
        let at = At { moment, hop, phase: Phase::Watermark };
        given
            .extend(due.into_iter().map(|wait| Row::made(at, wait.row.partition, wait.due, wait.row.values)));
    }
    Given::rows(given)
}
