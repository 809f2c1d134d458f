//! The events that a join of two streams keeps, by side, bucket of time, and key.
//!
//! A bucket is half as long as partners may be apart, so that an event's partners are in two or three of them. The events of one key and
//! bucket are in chunks, so that a commit writes what is new, and not everything that a busy key has.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use tidegate_model::{EventTime, Span};
use tidegate_state::key::{push_window_start, read_window_start};
use tidegate_state::value::{self, Decoder};
use tidegate_state::{CodecError, Keys, Overlay, StateError, StateValue, Store, TableId, WriteSet};

/// A chunk takes no more events from one of both on.
const CHUNK_EVENTS: usize = 64;
const CHUNK_BYTES: usize = 16 * 1024;
/// A chunk's number, at the end of its key.
const NUMBER_BYTES: usize = 4;
/// Side and bucket, in front of a chunk's key.
const PREFIX_BYTES: usize = 9;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Side {
    Left,
    Right,
}

impl Side {
    pub fn of_port(port: usize) -> Side {
        if port == 0 { Side::Left } else { Side::Right }
    }

    pub fn port(self) -> usize {
        self as usize
    }

    pub fn other(self) -> Side {
        if self == Side::Left { Side::Right } else { Side::Left }
    }

    /// Whose event is kept under this key?
    pub fn of_key(key: &[u8]) -> Result<Side, CodecError> {
        match key.first() {
            Some(0) => Ok(Side::Left),
            Some(1) => Ok(Side::Right),
            _ => Err(CodecError::invalid("a side of a join")),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Bucket {
    pub side: Side,
    pub start: EventTime,
}

impl Bucket {
    fn prefix(self) -> [u8; PREFIX_BYTES] {
        let mut prefix = vec![self.side as u8];
        push_window_start(&mut prefix, self.start);
        prefix.try_into().expect("a side and a start")
    }

    fn of_key(key: &[u8]) -> Result<Bucket, CodecError> {
        let side = Side::of_key(key)?;
        let (start, _) = read_window_start(&key[1..])?;
        Ok(Bucket { side, start })
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// No partner yet.
    Open,
    Matched,
    /// Given out alone: it has no partner any more.
    Alone,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptEvent {
    pub time: EventTime,
    pub fate: Fate,
    pub row: Box<[u8]>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Chunk {
    events: Vec<KeptEvent>,
    row_bytes: usize,
}

impl Chunk {
    fn push(&mut self, event: KeptEvent) {
        self.row_bytes += event.row.len();
        self.events.push(event);
    }

    fn is_full(&self) -> bool {
        self.events.len() >= CHUNK_EVENTS || self.row_bytes >= CHUNK_BYTES
    }
}

impl StateValue for Chunk {
    fn encode(&self, out: &mut Vec<u8>) {
        for event in &self.events {
            value::put_i64(out, event.time.micros());
            out.push(event.fate as u8);
            value::put_bytes(out, &event.row);
        }
    }

    fn decode(bytes: &[u8]) -> Result<Chunk, CodecError> {
        let mut from = Decoder::new(bytes);
        let mut chunk = Chunk::default();
        while !from.is_empty() {
            let time = EventTime::from_micros(from.i64()?);
            let fate = match from.u8()? {
                0 => Fate::Open,
                1 => Fate::Matched,
                2 => Fate::Alone,
                _ => return Err(CodecError::invalid("an event's fate")),
            };
            chunk.push(KeptEvent { time, fate, row: from.bytes()?.into() });
        }
        Ok(chunk)
    }

    fn bytes(&self) -> usize {
        self.row_bytes + self.events.len() * std::mem::size_of::<KeptEvent>() + 32
    }
}

/// Where an event was put.
pub struct Place {
    pub bucket: Bucket,
    pub slot: u32,
    pub index: usize,
}

/// A chunk that may hold what `position` asked for.
pub struct Found {
    pub position: usize,
    pub slot: u32,
}

pub struct KeptEvents {
    chunks: Overlay<Chunk>,
    length: Span,
    /// Buckets that hold something.
    live: BTreeSet<Bucket>,
    /// The chunk that the next event of a bucket and key goes into, where it is not the first one; for this commit.
    last: BTreeMap<Box<[u8]>, u32>,
}

impl KeptEvents {
    /// `reach`: how far the first and the last partner of an event are apart.
    pub fn open(
        table: TableId,
        cache_bytes: usize,
        reach: Span,
        store: &Store,
    ) -> Result<KeptEvents, StateError> {
        let mut kept = KeptEvents {
            chunks: Overlay::new(table, cache_bytes, store.is_empty(table)?),
            length: Span::from_micros((reach.micros() / 2).max(1)),
            live: BTreeSet::new(),
            last: BTreeMap::new(),
        };
        // One key of a bucket is enough: the search goes on behind the bucket.
        let mut from: Vec<u8> = Vec::new();
        loop {
            let mut found = None;
            store.scan_from(table, &from, &mut |key, _| {
                found = Some(Bucket::of_key(key));
                false
            })?;
            let Some(Ok(bucket)) = found else { return Ok(kept) };
            kept.live.insert(bucket);
            from = Bucket { start: bucket.start.plus(Span::from_micros(1)), ..bucket }.prefix().to_vec();
        }
    }

    /// The last moment of a bucket.
    pub fn last_of(&self, bucket: Bucket) -> EventTime {
        bucket.start.plus(self.length).minus(Span::from_micros(1))
    }

    /// Those of one side, earliest first.
    pub fn buckets(&self, side: Side) -> impl Iterator<Item = Bucket> + '_ {
        let first = Bucket { side, start: EventTime::MIN };
        let last = Bucket { side, start: EventTime::MAX };
        self.live.range(first..=last).copied()
    }

    /// The chunks of some keys in some ranges of time: by who asks, then by time of the bucket, then as they were filled.
    pub fn chunks<'a>(
        &mut self,
        store: &Store,
        side: Side,
        wanted: impl Iterator<Item = (usize, &'a [u8], RangeInclusive<EventTime>)>,
    ) -> Result<Vec<Found>, StateError> {
        let mut asked: Vec<(usize, Bucket, &[u8])> = Vec::new();
        for (position, key, range) in wanted {
            let first = Bucket { side, start: range.start().floor_to(self.length) };
            let last = Bucket { side, start: *range.end() };
            asked.extend(self.live.range(first..=last).map(|bucket| (position, *bucket, key)));
        }
        let mut found: Vec<(usize, Bucket, u32, u32)> = Vec::new();
        let (mut keys, mut slots) = (Keys::default(), Vec::new());
        for number in 0.. {
            keys.clear();
            slots.clear();
            for (_, bucket, key) in &asked {
                keys.push_with(|out| push_chunk_key(out, *bucket, key, number));
            }
            self.chunks.resolve(store, &keys, &mut slots)?;
            let mut next = Vec::new();
            for (ask, slot) in asked.into_iter().zip(&slots) {
                let Some(chunk) = self.chunks.get(*slot) else { continue };
                found.push((ask.0, ask.1, number, *slot));
                if chunk.is_full() {
                    next.push(ask);
                }
            }
            if next.is_empty() {
                break;
            }
            asked = next;
        }
        found.sort_unstable();
        Ok(found.into_iter().map(|(position, _, _, slot)| Found { position, slot }).collect())
    }

    pub fn add(
        &mut self,
        store: &Store,
        side: Side,
        key: &[u8],
        time: EventTime,
        row: Box<[u8]>,
        fate: Fate,
    ) -> Result<Place, StateError> {
        let bucket = Bucket { side, start: time.floor_to(self.length) };
        let mut name = Vec::new();
        push_chunk_key(&mut name, bucket, key, 0);
        let base = name.len() - NUMBER_BYTES;
        let mut number = self.last.get(&name[..base]).copied().unwrap_or(0);
        let slot = loop {
            name.truncate(base);
            name.extend_from_slice(&number.to_be_bytes());
            let slot = self.chunks.lookup(store, &name)?;
            if !self.chunks.get(slot).is_some_and(Chunk::is_full) {
                break slot;
            }
            number += 1;
        };
        if number > 0 {
            self.last.insert(name[..base].into(), number);
        }
        self.live.insert(bucket);
        let chunk = self.chunks.modify(slot).get_or_insert_default();
        chunk.push(KeptEvent { time, fate, row });
        Ok(Place { bucket, slot, index: chunk.events.len() - 1 })
    }

    /// The events of a chunk that is there.
    pub fn events(&self, slot: u32) -> &[KeptEvent] {
        &self.chunks.get(slot).expect("a chunk that was found").events
    }

    pub fn key(&self, slot: u32) -> &[u8] {
        self.chunks.key(slot)
    }

    pub fn lookup(&mut self, store: &Store, key: &[u8]) -> Result<u32, StateError> {
        self.chunks.lookup(store, key)
    }

    pub fn set_fate(&mut self, slot: u32, index: usize, fate: Fate) {
        if self.events(slot)[index].fate != fate {
            let chunk = self.chunks.modify(slot).as_mut().expect("a chunk that was found");
            chunk.events[index].fate = fate;
        }
    }

    /// All chunks of some buckets.
    pub fn slots_of(&mut self, store: &Store, buckets: &BTreeSet<Bucket>) -> Result<Vec<u32>, StateError> {
        self.chunks.slots_with_prefixes(store, &buckets.iter().map(|bucket| bucket.prefix()).collect())
    }

    pub fn drop_buckets(&mut self, store: &Store, buckets: &BTreeSet<Bucket>) -> Result<(), StateError> {
        if buckets.is_empty() {
            return Ok(());
        }
        for slot in self.slots_of(store, buckets)? {
            *self.chunks.modify(slot) = None;
        }
        for bucket in buckets {
            self.live.remove(bucket);
        }
        self.last.clear();
        Ok(())
    }

    pub fn flush(&self, writes: &mut WriteSet) {
        self.chunks.flush(writes);
    }

    pub fn committed(&mut self) {
        self.chunks.committed();
        self.last.clear();
    }

    pub fn uncommitted_bytes(&self) -> usize {
        self.chunks.uncommitted_bytes()
    }
}

fn push_chunk_key(out: &mut Vec<u8>, bucket: Bucket, key: &[u8], number: u32) {
    out.extend_from_slice(&bucket.prefix());
    out.extend_from_slice(key);
    out.extend_from_slice(&number.to_be_bytes());
}
