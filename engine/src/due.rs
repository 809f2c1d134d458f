//! What has to be looked at when event time has come to a point: keys of a store, each with its watermark.
//!
//! Notes are kept in buckets of time. Those that were made between two commits are one record of the store for each bucket (or a few), and
//! a bucket's records are read when the watermark comes to it, and deleted when it has left it. So a watermark costs what is due, and a note
//! costs its bytes. Form of a record: key `2 | bucket's start (8) | binary logarithm of its length (1) | number (3)`, value: for each note its
//! time (zigzag varint, counted from the bucket's start), the length of its key (varint), its key. (Where keys of rows begin with 2, the tag is
//! another one.) Records of buckets of another length, from before a topology was changed, are read when the store is opened, and their notes made anew.

use std::collections::{BTreeMap, BTreeSet};
use tidegate_model::{EventTime, Span};
use tidegate_state::key::{read_window_start, window_prefix};
use tidegate_state::value::{Decoder, put_bytes, put_i64};
use tidegate_state::{CodecError, StateError, Store, TableId, WriteSet};

/// What the keys of records begin with.
const TAG: u8 = 2;
/// A larger record is followed by another one.
const RECORD_BYTES: usize = 64 << 10;

/// A key and when it is due.
pub type Note = (EventTime, Box<[u8]>);

pub struct Due {
    table: TableId,
    tag: u8,
    /// A bucket's length is two to the power of this, in microseconds.
    exponent: u8,
    /// How many records of each bucket are in the store, or will be with the next commit.
    records: BTreeMap<EventTime, u32>,
    /// What was noted since the last commit: by bucket, one buffer for each record.
    fresh: BTreeMap<EventTime, Vec<Vec<u8>>>,
    /// The notes of the buckets before `read_up_to` that have not come due.
    near: BTreeSet<Note>,
    read_up_to: EventTime,
    /// Buckets that event time has left, with the number of their records.
    left: Vec<(EventTime, u32)>,
    /// Records of buckets of another length, whose notes were made anew.
    replaced: Vec<Vec<u8>>,
}

impl Due {
    /// `range`: how far ahead notes are made, usually.
    pub fn recover(table: TableId, range: Span, store: &Store) -> Result<Due, StateError> {
        Due::recover_with(TAG, table, range, store)
    }

    /// `tag`: what no other key of the table begins with.
    pub fn recover_with(tag: u8, table: TableId, range: Span, store: &Store) -> Result<Due, StateError> {
        let mut due = Due {
            table,
            tag,
            exponent: (range.micros() / 16).max(1).ilog2() as u8,
            records: BTreeMap::new(),
            fresh: BTreeMap::new(),
            near: BTreeSet::new(),
            read_up_to: EventTime::MIN,
            left: Vec::new(),
            replaced: Vec::new(),
        };
        let mut unreadable = None;
        let mut others = Vec::new();
        store.scan_from(table, &[tag], &mut |key, record| {
            let Some(rest) = key.strip_prefix(&[tag]) else { return false };
            let result = match read_record_key(rest) {
                Ok((bucket, exponent, number)) if exponent == due.exponent => {
                    let count = due.records.entry(bucket).or_default();
                    *count = (number + 1).max(*count);
                    Ok(())
                }
                Ok((bucket, ..)) => {
                    due.replaced.push(key.to_vec());
                    read_notes(bucket, record, &mut others)
                }
                Err(cause) => Err(cause),
            };
            unreadable = result.err();
            unreadable.is_none()
        })?;
        if let Some(cause) = unreadable {
            return Err(cause.into());
        }
        for (at, key) in others {
            due.note(at, &key);
        }
        Ok(due)
    }

    /// A bucket's length.
    fn length(&self) -> Span {
        Span::from_micros(1 << self.exponent)
    }

    /// The start of the bucket of a time.
    pub fn bucket_of(&self, at: EventTime) -> EventTime {
        at.floor_to(self.length())
    }

    pub fn note(&mut self, at: EventTime, key: &[u8]) {
        let bucket = self.bucket_of(at);
        let records = self.fresh.entry(bucket).or_default();
        if records.last().is_none_or(|record| record.len() >= RECORD_BYTES) {
            records.push(Vec::new());
        }
        let record = records.last_mut().expect("one was put there");
        put_i64(record, at.micros() - bucket.micros());
        put_bytes(record, key);
        if bucket < self.read_up_to {
            self.near.insert((at, key.into()));
        }
    }

    /// Takes the notes that are due before `watermark` from the earliest bucket that has any, in their order. Empty: nothing is due.
    /// A key that is noted again for the same bucket comes with the next call.
    pub fn take(&mut self, watermark: EventTime, store: &Store) -> Result<Vec<Note>, StateError> {
        loop {
            if let Some((first, _)) = self.near.first() {
                if *first >= watermark {
                    return Ok(Vec::new());
                }
                let end = self.bucket_of(*first).plus(self.length()).min(watermark);
                let later = self.near.split_off(&(end, Box::default()));
                let taken = std::mem::replace(&mut self.near, later);
                return Ok(taken.into_iter().collect());
            }
            let stored = self.records.range(self.read_up_to..).next().map(|(bucket, _)| *bucket);
            let fresh = self.fresh.range(self.read_up_to..).next().map(|(bucket, _)| *bucket);
            let Some(bucket) = [stored, fresh].into_iter().flatten().min().filter(|next| *next < watermark)
            else {
                return Ok(Vec::new());
            };
            self.read(bucket, store)?;
            self.read_up_to = bucket.plus(self.length());
        }
    }

    fn read(&mut self, bucket: EventTime, store: &Store) -> Result<(), StateError> {
        for number in 0..self.records.get(&bucket).copied().unwrap_or_default() {
            let record = store.get(self.table, &self.record_key(bucket, number))?;
            let record = record.ok_or(CodecError::invalid("a record of notes that is not there"))?;
            read_notes(bucket, &record, &mut self.near)?;
        }
        for record in self.fresh.get(&bucket).into_iter().flatten() {
            read_notes(bucket, record, &mut self.near)?;
        }
        Ok(())
    }

    /// Event time has come to `watermark`, and everything that was due before is settled.
    pub fn leave(&mut self, watermark: EventTime) {
        // Up to the start of the bucket that holds it.
        let kept = if watermark == EventTime::MAX { watermark } else { self.bucket_of(watermark) };
        self.read_up_to = self.read_up_to.max(kept);
        let records = self.records.split_off(&kept);
        self.left.extend(std::mem::replace(&mut self.records, records));
        self.fresh = self.fresh.split_off(&kept);
    }

    pub fn flush(&mut self, writes: &mut WriteSet) {
        for key in std::mem::take(&mut self.replaced) {
            writes.delete(self.table, &key);
        }
        for (bucket, count) in std::mem::take(&mut self.left) {
            (0..count).for_each(|number| writes.delete(self.table, &self.record_key(bucket, number)));
        }
        for (bucket, fresh) in std::mem::take(&mut self.fresh) {
            let mut count = self.records.get(&bucket).copied().unwrap_or_default();
            for record in fresh {
                writes.put(self.table, &self.record_key(bucket, count), &record);
                count += 1;
            }
            self.records.insert(bucket, count);
        }
    }

    fn record_key(&self, bucket: EventTime, number: u32) -> Vec<u8> {
        assert!(number < 1 << 24, "a bucket of {number} records");
        let length_and_number = u32::from(self.exponent) << 24 | number;
        [&[self.tag][..], &window_prefix(bucket), &length_and_number.to_be_bytes()].concat()
    }

    /// Bytes that wait for the next commit.
    pub fn uncommitted_bytes(&self) -> usize {
        self.fresh.values().flatten().map(Vec::len).sum::<usize>() + self.left.len() + self.replaced.len()
    }
}

/// Bucket, the logarithm of its length, and the record's number; of a key without its tag.
fn read_record_key(key: &[u8]) -> Result<(EventTime, u8, u32), CodecError> {
    let (bucket, rest) = read_window_start(key)?;
    let rest = rest.try_into().map_err(|_| CodecError::invalid("the key of a record of notes"))?;
    let length_and_number = u32::from_be_bytes(rest);
    Ok((bucket, (length_and_number >> 24) as u8, length_and_number & 0xff_ffff))
}

fn read_notes(bucket: EventTime, record: &[u8], notes: &mut impl Extend<Note>) -> Result<(), CodecError> {
    let mut from = Decoder::new(record);
    while !from.is_empty() {
        let at = bucket.plus(Span::from_micros(from.i64()?));
        notes.extend([(at, from.bytes()?.into())]);
    }
    Ok(())
}

/// Both decoders, on any bytes.
#[cfg(test)]
pub(crate) fn decoders_answer(bytes: &[u8]) {
    let _ = read_record_key(bytes);
    let _ = read_notes(EventTime::MAX, bytes, &mut Vec::new());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tidegate_model::Offset;
    use tidegate_state::Shared;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Steps: how many notes are made, how far ahead at most, how far event time moves, and what comes then: 0 a commit, 1 a restart, 2 one with notes for
        /// another range.
        #[test]
        fn every_note_comes_once_and_in_its_order(
            range in 1i64..200,
            steps in proptest::collection::vec((0i64..6, 1i64..300, 0i64..120, 0u8..5), 1..40)) {
            let dir = tempfile::tempdir().expect("a directory");
            let mut store = Store::open(dir.path(), &Shared::new(8 << 20), &["t".to_owned()]).expect("opens");
            let table = store.table("t").expect("made");
            let mut range = range;
            let recover = |store: &Store, range| Due::recover(table, Span::from_micros(range), store).expect("reads");
            let mut due = recover(&store, range);
            let at = EventTime::from_micros;
            // What is due: as of now, and as of the last commit.
            let (mut noted, mut committed): (BTreeSet<Note>, BTreeSet<Note>) = Default::default();
            let (mut now, mut committed_now) = (0, 0);
            for (step, (notes, ahead, moved, then)) in steps.into_iter().enumerate() {
                for number in 0..notes {
                    let note: (EventTime, Box<[u8]>) = (at(now + number * ahead / 6), format!("{step} {number}").into_bytes().into());
                    due.note(note.0, &note.1);
                    noted.insert(note);
                }
                now += moved;
                let mut taken: Vec<Note> = Vec::new();
                loop {
                    let next = due.take(at(now), &store).expect("reads");
                    if next.is_empty() {
                        break;
                    }
                    // Those before were settled before the last restart.
                    taken.extend(next.into_iter().filter(|(at, _)| at.micros() >= committed_now));
                }
                due.leave(at(now));
                let later = noted.split_off(&(at(now), Box::default()));
                let right: Vec<Note> = std::mem::replace(&mut noted, later).into_iter().collect();
                prop_assert_eq!(taken, right);
                match then {
                    0 => {
                        let mut writes = WriteSet::default();
                        due.flush(&mut writes);
                        store.commit(&writes, &[(table, Offset(step as i64))]).expect("commits");
                        (committed, committed_now) = (noted.clone(), now);
                    }
                    1 | 2 => {
                        if then == 2 {
                            range = if range > 100 { range / 7 } else { range * 9 };
                        }
                        store.flush().expect("writes");
                        due = recover(&store, range);
                        (noted, now) = (committed.clone(), committed_now);
                    }
                    _ => {}
                }
            }
            // Once event time has left everything, nothing is left in the store.
            now += 1000;
            while !due.take(at(now), &store).expect("reads").is_empty() {}
            due.leave(at(now));
            let mut writes = WriteSet::default();
            due.flush(&mut writes);
            store.commit(&writes, &[(table, Offset(1000))]).expect("commits");
            prop_assert_eq!(store.dump(table).expect("dumps").len(), 0);
        }
    }
}
