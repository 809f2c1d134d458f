//! One partition of a simulated topic: records, and the markers that end transactions, each at an offset of its own.

use std::collections::{BTreeMap, BTreeSet};
use tidegate_model::EventTime;

/// A producer's id. Its epoch tells older ones of the same transactional id from it.
pub type Pid = u64;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stored {
    pub timestamp: EventTime,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Decided {
    Open,
    Committed,
    Aborted,
}

enum Body {
    Record { of: Option<Pid>, decided: Decided, record: Stored },
    Marker,
}

struct Entry {
    offset: i64,
    body: Body,
    /// When compaction first met it (µs).
    cleaned_at: Option<i64>,
}

/// The newest records are in the segment that is not compacted yet.
const ACTIVE_ENTRIES: usize = 3;

#[derive(Default)]
pub struct Partition {
    entries: Vec<Entry>,
    start: i64,
    end: i64,
    /// Where each open transaction begins.
    open: BTreeMap<Pid, i64>,
    /// The greatest epoch of each producer that was seen here.
    epochs: BTreeMap<Pid, u32>,
}

impl Partition {
    pub fn start(&self) -> i64 {
        self.start
    }

    /// The high watermark: open transactions included.
    pub fn end(&self) -> i64 {
        self.end
    }

    /// What lies before it is decided.
    pub fn stable_end(&self) -> i64 {
        self.open.values().copied().min().unwrap_or(self.end)
    }

    fn push(&mut self, body: Body) {
        self.entries.push(Entry { offset: self.end, body, cleaned_at: None });
        self.end += 1;
    }

    /// A record outside of transactions. Returns its offset.
    pub fn append(&mut self, record: Stored) -> i64 {
        self.push(Body::Record { of: None, decided: Decided::Committed, record });
        self.end - 1
    }

    /// None: an epoch that is over.
    pub fn produce(&mut self, pid: Pid, epoch: u32, record: Stored) -> Option<i64> {
        let known = self.epochs.entry(pid).or_insert(epoch);
        if epoch < *known {
            return None;
        }
        *known = epoch;
        self.open.entry(pid).or_insert(self.end);
        self.push(Body::Record { of: Some(pid), decided: Decided::Open, record });
        Some(self.end - 1)
    }

    /// Ends a producer's transaction.
    pub fn mark(&mut self, pid: Pid, epoch: u32, commit: bool) {
        let known = self.epochs.entry(pid).or_insert(epoch);
        *known = epoch.max(*known);
        let Some(first) = self.open.remove(&pid) else { return };
        let state = if commit { Decided::Committed } else { Decided::Aborted };
        for entry in self.entries.iter_mut().rev().take_while(|entry| entry.offset >= first) {
            if let Body::Record { of, decided, .. } = &mut entry.body
                && *of == Some(pid)
                && *decided == Decided::Open
            {
                *decided = state;
            }
        }
        self.push(Body::Marker);
    }

    /// Gives up to `max` records from `from` on to `visit`, as a committed reader sees them. Returns where it goes on.
    pub fn read(&self, from: i64, max: usize, visit: &mut dyn FnMut(i64, &Stored)) -> i64 {
        self.scan(from, self.stable_end(), max, false, visit)
    }

    /// As [`Partition::read`], with what is not committed: only a wrong reader does so.
    pub fn read_uncommitted(&self, from: i64, max: usize, visit: &mut dyn FnMut(i64, &Stored)) -> i64 {
        self.scan(from, self.end, max, true, visit)
    }

    fn scan(&self, from: i64, to: i64, max: usize, all: bool, visit: &mut dyn FnMut(i64, &Stored)) -> i64 {
        let first = self.entries.partition_point(|entry| entry.offset < from);
        let mut count = 0;
        for entry in self.entries[first..].iter().take_while(|entry| entry.offset < to) {
            let Body::Record { decided, record, .. } = &entry.body else { continue };
            if *decided != Decided::Committed && !all {
                continue;
            }
            if count == max {
                return entry.offset;
            }
            count += 1;
            visit(entry.offset, record);
        }
        from.max(to)
    }

    /// Keeps the last record of each key. Deletions go `retention` after they were first met.
    pub fn compact(&mut self, now: i64, retention: i64) {
        let limit = self.stable_end();
        let settled = self.entries.partition_point(|entry| entry.offset < limit);
        let cleaned = settled.saturating_sub(ACTIVE_ENTRIES);
        let mut later: BTreeSet<Vec<u8>> = BTreeSet::new();
        let mut keep = vec![true; self.entries.len()];
        for (index, entry) in self.entries[..cleaned].iter_mut().enumerate().rev() {
            let met = *entry.cleaned_at.get_or_insert(now);
            let is_old = now - met >= retention;
            keep[index] = match &entry.body {
                Body::Marker => !is_old,
                Body::Record { decided: Decided::Committed, record, .. } => {
                    let last = record.key.as_ref().is_none_or(|key| later.insert(key.clone()));
                    last && (record.value.is_some() || !is_old)
                }
                Body::Record { .. } => false,
            };
        }
        let mut keep = keep.into_iter();
        self.entries.retain(|_| keep.next().unwrap_or(true));
    }

    /// What lies before an offset is gone.
    pub fn delete_before(&mut self, offset: i64) {
        let offset = offset.clamp(self.start, self.stable_end());
        self.start = offset;
        self.entries.retain(|entry| entry.offset >= offset);
    }

    /// The first offset at which something is.
    pub fn first_entry(&self) -> i64 {
        self.entries.first().map_or(self.end, |entry| entry.offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: &str, value: Option<&str>) -> Stored {
        let bytes = |text: &str| text.as_bytes().to_vec();
        Stored { timestamp: EventTime::from_micros(0), key: Some(bytes(key)), value: value.map(bytes) }
    }

    fn read(partition: &Partition, from: i64) -> (Vec<i64>, i64) {
        let mut seen = Vec::new();
        let next = partition.read(from, 100, &mut |offset, _| seen.push(offset));
        (seen, next)
    }

    #[test]
    fn a_committed_reader_stops_at_an_open_transaction_and_passes_markers_and_aborted_records() {
        let mut partition = Partition::default();
        partition.produce(1, 0, record("a", Some("1")));
        partition.produce(2, 0, record("b", Some("1")));
        assert_eq!((read(&partition, 0), partition.end()), ((vec![], 0), 2));
        partition.mark(2, 0, true);
        assert_eq!(read(&partition, 0), (vec![], 0), "behind an open one");
        partition.mark(1, 0, false);
        assert_eq!(read(&partition, 0), (vec![1], 4), "both markers have an offset");
    }

    #[test]
    fn an_epoch_that_is_over_writes_nothing() {
        let mut partition = Partition::default();
        partition.produce(1, 0, record("a", Some("1")));
        partition.mark(1, 1, false);
        assert_eq!(partition.produce(1, 0, record("a", Some("2"))), None);
        assert_eq!(partition.produce(1, 1, record("a", Some("3"))), Some(2));
    }

    #[test]
    fn compaction_keeps_the_last_of_each_key_and_deletions_for_a_while() {
        let mut partition = Partition::default();
        for (key, value) in [("a", Some("1")), ("a", Some("2")), ("b", None), ("c", Some("1"))] {
            partition.append(record(key, value));
        }
        for _ in 0..ACTIVE_ENTRIES {
            partition.append(record("z", Some("1")));
        }
        partition.compact(0, 10);
        assert_eq!(read(&partition, 0).0, [1, 2, 3, 4, 5, 6]);
        partition.compact(10, 10);
        assert_eq!(read(&partition, 0).0, [1, 3, 4, 5, 6]);
    }
}
