//! Random events in random batches, with commits and restarts between them, beside a reference that looks at all events at once.

mod bed;
mod fading;
mod of_table;
mod reference;

use bed::{Bed, Given, Row, aggregate_of};
use proptest::prelude::*;
use reference::{Event, Kind, Window, windows};
use std::collections::BTreeMap;
use tidegate_model::Span;
use tidegate_model::plan::Emit;

#[derive(Clone, Debug)]
enum Action {
    /// So many events, in one batch.
    Batch(usize),
    Commit,
    /// What was committed goes into RocksDB.
    Write,
    Restart,
    RestartElsewhere,
}

#[derive(Clone, Debug)]
struct Case {
    kind: Kind,
    grace: i64,
    out_of_order: i64,
    partitions: usize,
    cache_bytes: usize,
    /// Partition, key, how much later than the one before, how much too late.
    events: Vec<(usize, Option<i64>, i64, i64)>,
    actions: Vec<Action>,
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        (1i64..20, 1i64..20, 0i64..20).prop_map(|(size, advance, offset)| Kind::Aligned {
            size,
            advance: advance.min(size),
            offset: offset % size
        }),
        (1i64..8, 1i64..5, 0i64..40).prop_map(|(step, steps, offset)| Kind::Cumulate {
            step,
            steps,
            offset: offset % (step * steps)
        }),
        (1i64..12).prop_map(|size| Kind::Session { size }),
        (1i64..12).prop_map(|size| Kind::Sliding { size }),
    ]
}

fn case() -> impl Strategy<Value = Case> {
    let event = (
        0usize..3,
        proptest::option::weighted(0.9, 0i64..2),
        prop_oneof![Just(0i64), Just(1), 0i64..4, 5i64..20],
        prop_oneof![3 => Just(0i64), 1 => 0i64..8, 1 => 0i64..40],
    );
    let action = prop_oneof![
        8 => (1usize..9).prop_map(Action::Batch),
        3 => Just(Action::Commit),
        1 => Just(Action::Write),
        1 => Just(Action::Restart),
        1 => Just(Action::RestartElsewhere),
    ];
    (
        kind(),
        prop_oneof![Just(0i64), 0i64..12],
        prop_oneof![Just(0i64), 0i64..12],
        1usize..=3,
        prop_oneof![Just(0usize), Just(3000), Just(1 << 20)],
        proptest::collection::vec(event, 1..60),
        proptest::collection::vec(action, 1..40),
    )
        .prop_map(|(kind, grace, out_of_order, partitions, cache_bytes, events, actions)| Case {
            kind,
            grace,
            out_of_order,
            partitions,
            cache_bytes,
            events,
            actions,
        })
}

impl Case {
    /// The events in the order read, and the task's watermark after each number of them.
    fn read(&self) -> (Vec<Event>, Vec<i64>) {
        let mut events = Vec::new();
        let mut clocks = vec![i64::MIN; self.partitions];
        let mut watermarks = vec![i64::MIN];
        let mut latest = 1_000;
        for (id, (partition, key, step, back)) in self.events.iter().enumerate() {
            latest += step;
            let clock = &mut clocks[partition % self.partitions];
            let time = latest - back;
            events.push(Event { id: id as i64, key: *key, time, own: *clock });
            *clock = (*clock).max(time - self.out_of_order);
            watermarks.push(*clocks.iter().min().expect("there is a partition"));
        }
        (events, watermarks)
    }

    /// Works through everything; `check` is called after each commit with the number of events, the watermark and what has been given
    /// out since the last one.
    fn run(
        &self,
        emit: Emit,
        mut check: impl FnMut(&[Event], i64, Vec<Given>, Vec<i64>) -> Result<(), TestCaseError>,
    ) -> Result<Bed, TestCaseError> {
        let (events, watermarks) = self.read();
        let mut bed = Bed::new(aggregate_of(self.kind, self.grace, emit), self.cache_bytes);
        let (mut read, mut committed) = (0usize, 0usize);
        let finish = [Action::Commit, Action::Batch(usize::MAX), Action::Commit];
        for action in self.actions.iter().chain(&finish) {
            match action {
                Action::Batch(count) => {
                    let end = read.max(events.len().min(read.saturating_add(*count)));
                    bed.events(&events[read..end], watermarks[read]);
                    read = end;
                    bed.watermark(watermarks[read]);
                }
                Action::Commit => {
                    bed.now = crate::clock::WallTime::from_micros(bed.now.micros() + 400_000);
                    bed.commit(watermarks[read]);
                    committed = read;
                    let (given, late) = bed.take();
                    check(&events[..read], watermarks[read], given, late)?;
                }
                Action::Write => bed.write(),
                Action::Restart => bed.restart(),
                Action::RestartElsewhere => bed.restart_elsewhere(),
            }
            if matches!(action, Action::Restart | Action::RestartElsewhere) {
                read = committed;
            }
        }
        bed.commit(i64::MAX);
        let (given, late) = bed.take();
        check(&events, i64::MAX, given, late)?;
        Ok(bed)
    }
}

fn given(window: &Window) -> Given {
    Given { key: window.key, start: window.start, end: window.end, row: Some(Row::of(window)) }
}

/// The rows that a table holds.
type Table = BTreeMap<(Option<i64>, i64, i64), Row>;

fn table(windows: &[Window]) -> Table {
    windows.iter().map(|window| ((window.key, window.start, window.end), Row::of(window))).collect()
}

/// Takes changes into a table: each is one.
fn apply(table: &mut Table, changes: Vec<Given>) -> Result<(), TestCaseError> {
    let mut seen = std::collections::BTreeSet::new();
    for change in changes {
        let key = (change.key, change.start, change.end);
        prop_assert!(seen.insert(key), "{key:?} was given out twice at one commit");
        match change.row {
            Some(row) => {
                let before = table.insert(key, row.clone());
                prop_assert!(before.as_ref() != Some(&row), "{key:?} has not changed: {row:?}");
            }
            None => prop_assert!(table.remove(&key).is_some(), "{key:?} was not given out"),
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn each_window_is_given_out_once_when_it_is_final(case in case()) {
        let mut all: Vec<Given> = Vec::new();
        let mut all_late: Vec<i64> = Vec::new();
        let bed = case.run(Emit::Final, |read, watermark, given_out, late| {
            all.extend(given_out);
            all_late.extend(late);
            let (windows, right_late) = windows(case.kind, case.grace, read);
            let mut right: Vec<Given> =
                windows.iter().filter(|window| window.final_behind < watermark).map(given).collect();
            right.sort();
            let mut found = all.clone();
            found.sort();
            prop_assert_eq!(found, right);
            prop_assert_eq!(&all_late, &right_late);
            Ok(())
        })?;
        prop_assert!(bed.entries() <= 1, "nothing is left but how far event time had come: {}", bed.entries());
    }

    #[test]
    fn at_each_commit_what_has_changed_is_given_out(case in case()) {
        let mut found: Table = Table::new();
        let mut all_late: Vec<i64> = Vec::new();
        let bed = case.run(Emit::Changes, |read, _, given_out, late| {
            apply(&mut found, given_out)?;
            all_late.extend(late);
            let (windows, right_late) = windows(case.kind, case.grace, read);
            prop_assert_eq!(&found, &table(&windows));
            prop_assert_eq!(&all_late, &right_late);
            Ok(())
        })?;
        prop_assert!(bed.entries() <= 1, "nothing is left but how far event time had come: {}", bed.entries());
    }

    #[test]
    fn in_the_end_everything_was_given_out_every_so_often(case in case()) {
        let mut found: Table = Table::new();
        let mut right = Table::new();
        let bed = case.run(Emit::Every(Span::from_secs(1)), |read, _, given_out, _| {
            for change in given_out {
                let key = (change.key, change.start, change.end);
                match change.row {
                    Some(row) => {
                        let before = found.insert(key, row);
                        prop_assert!(before.as_ref() != found.get(&key), "{key:?} was given out before: {before:?}");
                    }
                    None => prop_assert!(found.remove(&key).is_some(), "{key:?} was not given out"),
                }
            }
            right = table(&windows(case.kind, case.grace, read).0);
            Ok(())
        })?;
        prop_assert_eq!(found, right);
        prop_assert!(bed.entries() <= 1, "nothing is left but how far event time had come: {}", bed.entries());
    }
}
