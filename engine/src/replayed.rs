//! Which records of a partition were sent back: what the group of a route has committed, read and written.
//!
//! A group's offset alone can only say "all before here", and a person may choose among what was set aside. So the note beside the offset has the
//! ranges behind it that were sent back, too: `12-15,18`.

use crate::log::Committed;
use tidegate_model::Offset;

/// What brokers take by default (`offset.metadata.max.bytes`).
const NOTE_BYTES_MAX: usize = 4096;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Replayed {
    /// Everything before it was sent back.
    next: Offset,
    /// First and last offsets of what was sent back behind it, ascending.
    behind: Vec<(Offset, Offset)>,
}

impl Default for Replayed {
    fn default() -> Replayed {
        Replayed { next: Offset(0), behind: Vec::new() }
    }
}

impl Replayed {
    /// None: the note is not one of these.
    pub fn read(committed: Option<&Committed>) -> Option<Replayed> {
        let Some(committed) = committed else { return Some(Replayed::default()) };
        let mut behind = Vec::new();
        for range in committed.metadata.split(',').filter(|range| !range.is_empty()) {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            behind.push((Offset(first.parse().ok()?), Offset(last.parse().ok()?)));
        }
        Some(Replayed { next: committed.next, behind })
    }

    pub fn has(&self, offset: Offset) -> bool {
        let behind = self.behind.partition_point(|(first, _)| *first <= offset);
        offset < self.next || behind.checked_sub(1).is_some_and(|at| offset <= self.behind[at].1)
    }

    /// These, too. `records`: the offsets of all records of the partition, ascending, up to `end`; there may be gaps between them.
    pub fn with(&self, more: &[Offset], records: &[Offset], end: Offset) -> Replayed {
        let before = |offset: Offset| records.partition_point(|record| *record < offset);
        let through = |offset: Offset| records.partition_point(|record| *record <= offset);
        // By places among the records, which have no gaps.
        let behind = self.behind.iter().map(|(first, last)| (before(*first), through(*last)));
        let more = more.iter().map(|offset| (before(*offset), through(*offset)));
        let mut spans: Vec<(usize, usize)> = behind.chain(more).filter(|(from, to)| from < to).collect();
        spans.sort_unstable();
        let mut done = before(self.next);
        let mut kept: Vec<(usize, usize)> = Vec::new();
        for (from, to) in spans {
            match kept.last_mut() {
                None if from <= done => done = done.max(to),
                Some((_, last)) if from <= *last => *last = to.max(*last),
                _ => kept.push((from, to)),
            }
        }
        Replayed {
            next: records.get(done).copied().unwrap_or(end),
            behind: kept.into_iter().map(|(from, to)| (records[from], records[to - 1])).collect(),
        }
    }

    /// As it is committed. None: too many ranges, which no broker takes.
    pub fn committed(&self) -> Option<Committed> {
        let range = |(first, last): &(Offset, Offset)| match first == last {
            true => first.0.to_string(),
            false => format!("{}-{}", first.0, last.0),
        };
        let metadata = self.behind.iter().map(range).collect::<Vec<_>>().join(",");
        (metadata.len() <= NOTE_BYTES_MAX).then_some(Committed { next: self.next, metadata })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn offsets(numbers: impl IntoIterator<Item = i64>) -> Vec<Offset> {
        numbers.into_iter().map(Offset).collect()
    }

    #[test]
    fn ranges_are_written_behind_the_first_that_waits() {
        // 4 and 8 are a transaction's markers.
        let records = offsets([0, 1, 2, 3, 5, 6, 7, 9]);
        let replayed = Replayed::default().with(&offsets([0, 2, 3, 5, 7]), &records, Offset(11));
        let committed = replayed.committed().expect("it fits");
        assert_eq!((committed.next, committed.metadata.as_str()), (Offset(1), "2-5,7"));
        let all = replayed.with(&offsets([1, 6, 9]), &records, Offset(11)).committed().expect("it fits");
        assert_eq!((all.next, all.metadata.as_str()), (Offset(11), ""));
    }

    #[test]
    fn a_note_of_another_is_refused() {
        let of = |metadata: &str| Committed { next: Offset(3), metadata: metadata.to_owned() };
        assert_eq!(Replayed::read(Some(&of("w:1,2"))), None);
        assert!(Replayed::read(Some(&of(""))).is_some_and(|replayed| !replayed.has(Offset(3))));
    }

    #[test]
    fn too_many_ranges_are_no_note() {
        let records = offsets(0..4000);
        let odd: Vec<Offset> = records.iter().copied().filter(|offset| offset.0 % 2 == 1).collect();
        assert_eq!(Replayed::default().with(&odd, &records, Offset(4000)).committed(), None);
    }

    proptest! {
        #[test]
        fn what_was_sent_back_is_known_afterwards(rounds in prop::collection::vec(prop::collection::vec(0..60usize, 0..10), 1..5), gaps in prop::collection::vec(1..4i64, 60)) {
            let records: Vec<Offset> = gaps.iter().scan(0, |next, gap| { *next += gap; Some(Offset(*next)) }).collect();
            let end = Offset(records[59].0 + 2);
            let mut replayed = Replayed::default();
            let mut done = std::collections::BTreeSet::new();
            for round in rounds {
                let more: Vec<Offset> = round.iter().map(|index| records[*index]).collect();
                done.extend(more.iter().copied());
                let committed = replayed.with(&more, &records, end).committed().expect("it fits");
                replayed = Replayed::read(Some(&committed)).expect("it was written so");
                for record in &records {
                    prop_assert_eq!(replayed.has(*record), done.contains(record));
                }
            }
        }
    }
}
