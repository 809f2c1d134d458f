//! `aggregate` over sliding windows: one ends at each event, and one begins a microsecond behind each.

use super::evaluate::by_key;
use super::row::{Given, Phase, Row};
use super::windows::{Work, moments};
use std::collections::BTreeSet;
use tidegate_model::plan::Window;

pub fn sliding(work: &Work, window: &Window, rows: &[Row]) -> Given {
    let (size, grace) = (window.size.micros(), window.grace.micros());
    let mut given = Given::default();
    for ((partition, key), all) in by_key(&work.aggregate.key, work.types, rows) {
        let (events, late): (Vec<&Row>, Vec<&Row>) =
            all.into_iter().partition(|event| event.own <= event.time + size + grace);
        given.late.extend(late.into_iter().map(|event| (0, event.clone())));
        let mut before: BTreeSet<i64> = BTreeSet::new();
        let of = (partition, &key.0[..]);
        let row = |moment, phase, end: i64, held: &[&Row]| {
            work.row(work.at(moment, phase), of, Some((end - size, end)), end, held)
        };
        // The ends of the windows that are there after a moment.
        let ends_at = |moment: usize| -> BTreeSet<i64> {
            let read = || events.iter().filter(|event| event.at.moment <= moment);
            let at_events = read().filter(|event| event.own <= event.time + grace).map(|event| event.time);
            let behind = read().map(|event| event.time + 1 + size);
            at_events
                .chain(behind)
                .filter(|end| !held_by(&events, *end, size, grace, moment).is_empty())
                .collect()
        };
        if work.is_final() {
            let last = work.watermarks.moments().saturating_sub(1);
            for end in ends_at(last) {
                if let Some(moment) = work.watermarks.first(partition, |watermark| watermark > end + grace) {
                    let held = held_by(&events, end, size, grace, last);
                    given.rows.push(row(moment, Phase::Watermark, end, &held));
                }
            }
            continue;
        }
        for moment in moments(&events) {
            let now = ends_at(moment);
            for end in &now {
                let held = held_by(&events, *end, size, grace, moment);
                let changed = !before.contains(end) || held.iter().any(|event| event.at.moment == moment);
                if changed {
                    given.rows.push(row(moment, Phase::Commit, *end, &held));
                }
            }
            before = now;
        }
    }
    given.in_order()
}

/// The events read so far that count in the window, in the order of their times.
fn held_by<'a>(events: &[&'a Row], end: i64, size: i64, grace: i64, moment: usize) -> Vec<&'a Row> {
    let counts = |event: &&&Row| {
        let is_in = (end - size..=end).contains(&event.time);
        is_in && event.own <= end + grace && event.at.moment <= moment
    };
    let mut held: Vec<&Row> = events.iter().filter(counts).copied().collect();
    held.sort_by_key(|event| event.time);
    held
}
