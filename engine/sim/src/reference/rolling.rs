//! `rolling` and `dedupe`: for each event, what was read of its key before.

use super::evaluate::{Types, by_key, key};
use super::functions::results;
use super::row::{At, END, Given, Key, Phase, Row, START};
use super::watermarks::Passing;
use std::collections::BTreeMap;
use tidegate_model::plan::{Dedupe, Rolling};

pub fn rolling(rolling: &Rolling, types: &Types, rows: &[Row], watermarks: Passing, hop: usize) -> Given {
    let mut given = Given::default();
    let rows = if rolling.ordered {
        let (on_time, late): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.time >= row.own);
        given.late = late.into_iter().map(|row| (0, row.clone())).collect();
        in_the_order_of_time(&on_time, watermarks, hop)
    } else {
        rows.to_vec()
    };
    for ((partition, _), events) in by_key(&rolling.key, types, &rows) {
        for (index, event) in events.iter().enumerate() {
            let watermark = match watermarks.before(partition, event.at.moment) {
                _ if rolling.ordered => START,
                watermark => watermark,
            };
            let counted = counted(rolling, event, watermark, &events[..index]);
            let results = results(&rolling.functions, types, &counted);
            given.rows.push(event.with(event.values.iter().cloned().chain(results).collect()));
        }
    }
    given.in_order()
}

/// Which events count for one: of those that were read before it, and itself.
fn counted<'a>(rolling: &Rolling, event: &'a Row, watermark: i64, before: &[&'a Row]) -> Vec<&'a Row> {
    let itself = (!rolling.excluding_current).then_some(event);
    if let Some(rows) = rolling.rows {
        let read: Vec<&Row> = before.iter().copied().chain(itself).collect();
        return read[read.len().saturating_sub(rows as usize)..].to_vec();
    }
    let step = rolling.granularity.map_or(1, |step| step.micros());
    let floor = |time: i64| if time == START || time == END { START } else { time.div_euclid(step) * step };
    // What is kept reaches back from the watermark, too.
    let behind = floor(event.time).max(floor(watermark)).saturating_sub(rolling.range.micros());
    let counts = |other: &&&Row| behind < floor(other.time) && floor(other.time) <= floor(event.time);
    let mut counted: Vec<&Row> = before.iter().filter(counts).copied().chain(itself).collect();
    if rolling.granularity.is_some() {
        counted.sort_by_key(|event| floor(event.time));
    }
    counted
}

/// Each at the moment at which nothing earlier can come any more.
fn in_the_order_of_time(rows: &[&Row], watermarks: Passing, hop: usize) -> Vec<Row> {
    let wait = |row: &&Row| {
        let moment = watermarks.first(row.partition, |watermark| watermark > row.time)?;
        let at = At { moment, hop, phase: Phase::Watermark };
        Some(Row { at, ..Row::made(at, row.partition, row.time, row.values.clone()) })
    };
    let mut waited: Vec<Row> = rows.iter().filter_map(wait).collect();
    waited.sort_by_key(|row| (row.at, row.time));
    waited
}

/// The first event of a key passes, and none of that key that is less than `within` from one that passed.
pub fn dedupe(dedupe: &Dedupe, types: &Types, rows: &[Row]) -> Given {
    let mut passed: BTreeMap<(usize, Key), Vec<i64>> = BTreeMap::new();
    let mut given = Vec::new();
    for row in rows {
        let times = passed.entry((row.partition, key(&dedupe.key, types, &row.values))).or_default();
        if times.iter().all(|time| (time - row.time).abs() >= dedupe.within.micros()) {
            times.push(row.time);
            given.push(row.clone());
        }
    }
    Given::rows(given)
}
