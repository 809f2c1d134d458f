//! Windows that move along the parts of one key: what each of them holds, summed up.

use crate::group::{Group, Share};
use crate::slices::Bounds;
use tidegate_model::EventTime;

/// The sum of what each window holds of some parts; None: nothing. Parts are in the order of their times, windows in the order of both
/// their bounds. `closed`: a window holds the part at its end, too.
///
/// Two stacks (Tangwongsan, Hirzel, Schneider: *Low-latency sliding-window aggregation in worst-case constant time*, 2017, section 2): the
/// front one has for each part the sum from it on, the back one the sum of what came since. So each part is combined twice,
/// however many windows hold it.
pub fn sums(parts: &[(EventTime, &Share)], windows: &[Bounds], closed: bool) -> Vec<Option<Group>> {
    let ends_behind = |window: &Bounds, time: EventTime| time < window.end || (closed && time == window.end);
    let next_behind = |window: &Bounds| parts.partition_point(|(time, _)| ends_behind(window, *time));
    let first_in = |window: &Bounds| parts.partition_point(|(time, _)| *time < window.start);
    // What a part holds may differ from window to window: that is rare, and then each window is summed up by itself.
    if parts.iter().any(|(_, share)| !share.late.is_empty() || share.group.is_empty()) {
        let sum = |window: &Bounds| {
            let held = parts[first_in(window)..next_behind(window).max(first_in(window))].iter();
            total(held.flat_map(|(_, share)| share.counted_in(window.end)))
        };
        return windows.iter().map(sum).collect();
    }
    // For each part from `first` on, the last one first: the sum from it up to where `back` begins.
    let mut front: Vec<Group> = Vec::new();
    let mut back: Option<Group> = None;
    let (mut first, mut back_first, mut next) = (0, 0, 0);
    let mut sums = Vec::with_capacity(windows.len());
    for window in windows {
        let (begin, end) = (first_in(window), next_behind(window));
        assert!(first <= begin && next <= end, "windows only move on");
        for (_, share) in &parts[next..end] {
            match &mut back {
                Some(back) => back.combine(&share.group),
                None => back = Some(share.group.clone()),
            }
        }
        next = end;
        front.truncate(front.len().saturating_sub(begin - first));
        first = begin;
        if front.is_empty() && begin > back_first {
            for (_, share) in parts[begin.min(end)..end].iter().rev() {
                let mut sum = share.group.clone();
                if let Some(later) = front.last() {
                    sum.combine(later);
                }
                front.push(sum);
            }
            (back, back_first) = (None, end);
        }
        sums.push(total(front.last().into_iter().chain(&back)));
    }
    sums
}

fn total<'a>(mut groups: impl Iterator<Item = &'a Group>) -> Option<Group> {
    let mut total = groups.next()?.clone();
    groups.for_each(|group| total.combine(group));
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accumulator::Accumulator;
    use proptest::prelude::*;
    use tidegate_model::plan::{AggregateCall, AggregateFunction};
    use tidegate_model::{ScalarType, Span, Value};

    fn call() -> AggregateCall {
        let ty = ScalarType::list(ScalarType::Int, false);
        let function = AggregateFunction::Collect { limit: 1000 };
        AggregateCall {
            name: "ids".to_owned(),
            function,
            argument: None,
            ty,
            nullable: false,
            bounds: Vec::new(),
        }
    }

    /// A group that has collected one number.
    fn one(number: i64) -> Group {
        let values = vec![Value::Int(number)];
        let mut group = Group::new(&[call()]);
        group.accumulators = [Accumulator::Collect { limit: 1000, distinct: false, values }].into();
        group.time = EventTime::from_micros(number);
        group
    }

    fn ids(group: &Group) -> Vec<i64> {
        let Accumulator::Collect { values, .. } = &group.accumulators[0] else { panic!("{group:?}") };
        values.iter().map(|value| if let Value::Int(id) = value { *id } else { 0 }).collect()
    }

    proptest! {
        #[test]
        fn what_a_window_holds_is_summed_up_in_its_order(
            times in proptest::collection::btree_set(0i64..60, 0..30),
            late in proptest::collection::btree_map(0i64..60, 0i64..90, 0..3),
            ends in proptest::collection::btree_set(0i64..80, 0..30),
            size in 0i64..40, cumulates: bool, closed: bool) {
            let at = EventTime::from_micros;
            let mut shares: Vec<(i64, Share)> = Vec::new();
            for time in &times {
                let mut share = Share { group: one(*time), late: Vec::new() };
                if let Some(from) = late.get(time) {
                    share.late.push((at(*from), one(-*time)));
                }
                shares.push((*time, share));
            }
            let parts: Vec<(EventTime, &Share)> = shares.iter().map(|(time, share)| (at(*time), share)).collect();
            let start = |end: i64| if cumulates { end / 40 * 40 } else { end - size };
            let windows: Vec<Bounds> = ends.iter().map(|end| Bounds { start: at(start(*end)), end: at(*end) }).collect();
            let found: Vec<Option<Vec<i64>>> =
                sums(&parts, &windows, closed).iter().map(|sum| sum.as_ref().map(ids)).collect();
            let right: Vec<Option<Vec<i64>>> = windows.iter().map(|window| {
                let last = if closed { window.end } else { window.end.minus(Span::from_micros(1)) };
                let held = parts.iter().filter(|(time, _)| window.start <= *time && *time <= last);
                let ids: Vec<i64> = held.flat_map(|(_, share)| share.counted_in(window.end)).flat_map(ids).collect();
                (!ids.is_empty()).then_some(ids)
            }).collect();
            prop_assert_eq!(found, right);
        }
    }
}
