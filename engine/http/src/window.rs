//! The rows between the first that is not done and the last that was read: which may be sent now, and how far all are done.
//!
//! Rows of one key are sent one after the other; a row that waits for its next attempt holds back those of its key, and no others. A position is
//! committed only up to the first row that is not done, so after a crash some rows behind it are sent again.
//!
//! So many rows are read ahead at most; each partition has its share of them, and what holds one back holds back no other. Within one
//! partition a row that is not taken for long lets as many rows past it as that share, and then the partition waits for it.

use std::collections::{BTreeSet, VecDeque};
use tidegate_engine::clock::WallTime;
use tidegate_engine::log::Slot;
use tidegate_model::{EventTime, Offset, TopicPartition};

/// Rows that are read ahead of the first that is not done: so many come again after a crash.
const ROWS: usize = 1_000;
const BYTES: usize = 8 << 20;
/// Before the first rows are known.
const ROW_BYTES_FIRST: usize = 16 << 10;

/// A row as the outbox has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    pub offset: Offset,
    pub timestamp: EventTime,
    pub key: Option<Vec<u8>>,
    pub json: Vec<u8>,
    pub idempotency_key: String,
}

/// Why a row could not be delivered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cause {
    pub code: String,
    pub message: String,
}

/// Which row of the window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    pub slot: usize,
    pub offset: Offset,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum State {
    /// Until then it is not sent again.
    Waiting(WallTime),
    OnTheWay,
    Delivered,
    Failed(Cause),
}

struct Entry {
    row: Row,
    state: State,
    attempts: u32,
    first_at: Option<WallTime>,
}

struct Lane {
    partition: TopicPartition,
    slot: Slot,
    entries: VecDeque<Entry>,
    bytes: usize,
    /// What a row takes, roughly: larger ones count at once, smaller ones little by little.
    row_bytes: usize,
    /// Behind the last row that was read.
    read: Offset,
}

#[derive(Default)]
pub struct Window {
    lanes: Vec<Lane>,
    /// Whose row is looked for first.
    turn: usize,
}

/// What a lane has behind it, and may commit.
pub struct Settled<'a> {
    pub partition: &'a TopicPartition,
    pub next: Offset,
    /// Rows before it that could not be delivered.
    pub failed: Vec<(&'a Row, &'a Cause)>,
}

impl Lane {
    /// The rows that no other row of their key holds back, and until when each waits.
    fn open(&self) -> impl Iterator<Item = (usize, WallTime)> {
        let mut held: BTreeSet<&[u8]> = BTreeSet::new();
        self.entries.iter().enumerate().filter_map(move |(index, entry)| {
            if matches!(entry.state, State::Delivered | State::Failed(_)) {
                return None;
            }
            let is_first = entry.row.key.as_deref().is_none_or(|key| held.insert(key));
            match entry.state {
                State::Waiting(until) if is_first => Some((index, until)),
                _ => None,
            }
        })
    }
}

impl Window {
    /// Empty, over these partitions from these offsets on.
    pub fn begin(partitions: Vec<(TopicPartition, Slot, Offset)>) -> Window {
        let lane = |(partition, slot, next)| Lane {
            partition,
            slot,
            entries: VecDeque::new(),
            bytes: 0,
            row_bytes: ROW_BYTES_FIRST,
            read: next,
        };
        Window { lanes: partitions.into_iter().map(lane).collect(), turn: 0 }
    }

    pub fn rows(&self) -> usize {
        self.lanes.iter().map(|lane| lane.entries.len()).sum()
    }

    /// How many more rows of a lane may be read.
    pub fn room(&self, lane: usize) -> usize {
        let (count, lane) = (self.lanes.len(), &self.lanes[lane]);
        if lane.bytes >= BYTES / count {
            return 0;
        }
        let by_bytes = ((BYTES / count - lane.bytes) / lane.row_bytes).max(1);
        (ROWS / count).max(1).saturating_sub(lane.entries.len()).min(by_bytes)
    }

    /// Is there a lane that has no room?
    pub fn is_full(&self) -> bool {
        (0..self.lanes.len()).any(|lane| self.room(lane) == 0)
    }

    /// Is there a lane that has no room, and would have some after a commit?
    pub fn waits_for_commit(&self, with_failed: bool) -> bool {
        (0..self.lanes.len())
            .any(|lane| self.room(lane) == 0 && Window::done(&self.lanes[lane], with_failed) > 0)
    }

    pub fn lanes(&self) -> usize {
        self.lanes.len()
    }

    /// The slot of a lane, and where it is read on.
    pub fn slot(&self, lane: usize) -> (Slot, Offset) {
        (self.lanes[lane].slot, self.lanes[lane].read)
    }

    pub fn partition(&self, lane: usize) -> &TopicPartition {
        &self.lanes[lane].partition
    }

    pub fn push(&mut self, lane: usize, row: Row) {
        let lane = &mut self.lanes[lane];
        assert!(row.offset >= lane.read, "rows are read in order");
        lane.read = Offset(row.offset.0 + 1);
        let bytes = row.json.len();
        lane.bytes += bytes;
        lane.row_bytes = bytes.max((15 * lane.row_bytes + bytes) / 16).max(1);
        let state = State::Waiting(WallTime::from_micros(i64::MIN));
        lane.entries.push_back(Entry { row, state, attempts: 0, first_at: None });
    }

    /// Takes the next row that may be sent, of each lane in turn; from here on it is on its way.
    pub fn next(&mut self, now: WallTime) -> Option<(Place, Row)> {
        let count = self.lanes.len();
        for slot in (self.turn..count).chain(0..self.turn) {
            let lane = &mut self.lanes[slot];
            let found = lane.open().find(|(_, until)| *until <= now).map(|(index, _)| index);
            if let Some(index) = found {
                let entry = &mut lane.entries[index];
                entry.state = State::OnTheWay;
                entry.attempts += 1;
                entry.first_at.get_or_insert(now);
                self.turn = (slot + 1) % count;
                return Some((Place { slot, offset: entry.row.offset }, entry.row.clone()));
            }
        }
        None
    }

    /// When the next row may be sent; None: everything is on its way, or done, or behind what is.
    pub fn next_at(&self) -> Option<WallTime> {
        self.lanes.iter().flat_map(|lane| lane.open().map(|(_, until)| until)).min()
    }

    fn entry(&mut self, place: Place) -> &mut Entry {
        let entries = &mut self.lanes[place.slot].entries;
        let index = entries.partition_point(|entry| entry.row.offset < place.offset);
        let entry = &mut entries[index];
        assert!(
            entry.row.offset == place.offset && entry.state == State::OnTheWay,
            "only what is on its way comes back"
        );
        entry
    }

    /// How often a row that is on its way was sent, and when first.
    pub fn attempts(&mut self, place: Place) -> (u32, WallTime) {
        let entry = self.entry(place);
        (entry.attempts, entry.first_at.expect("it was sent"))
    }

    pub fn delivered(&mut self, place: Place) {
        self.entry(place).state = State::Delivered;
    }

    pub fn again(&mut self, place: Place, at: WallTime) {
        self.entry(place).state = State::Waiting(at);
    }

    pub fn failed(&mut self, place: Place, cause: Cause) {
        self.entry(place).state = State::Failed(cause);
    }

    /// The first row that failed.
    pub fn first_failed(&self) -> Option<(Place, &Cause)> {
        self.lanes.iter().enumerate().find_map(|(slot, lane)| {
            lane.entries.iter().find_map(|entry| match &entry.state {
                State::Failed(cause) => Some((Place { slot, offset: entry.row.offset }, cause)),
                _ => None,
            })
        })
    }

    /// How many rows at the beginning of a lane are done. `with_failed`: those that failed are, too, since there is a route for them.
    fn done(lane: &Lane, with_failed: bool) -> usize {
        let is_done = |entry: &&Entry| match entry.state {
            State::Delivered => true,
            State::Failed(_) => with_failed,
            _ => false,
        };
        lane.entries.iter().take_while(is_done).count()
    }

    /// What may be committed now: the lanes that have come on.
    pub fn settled(&self, with_failed: bool) -> Vec<Settled<'_>> {
        let mut settled = Vec::new();
        for lane in &self.lanes {
            let done = Window::done(lane, with_failed);
            if done == 0 {
                continue;
            }
            let failed = lane.entries.iter().take(done).filter_map(|entry| match &entry.state {
                State::Failed(cause) => Some((&entry.row, cause)),
                _ => None,
            });
            let next = lane.entries.get(done).map_or(lane.read, |entry| entry.row.offset);
            settled.push(Settled { partition: &lane.partition, next, failed: failed.collect() });
        }
        settled
    }

    /// What [`Window::settled`] gave was committed.
    pub fn committed(&mut self, with_failed: bool) {
        for lane in &mut self.lanes {
            let done = Window::done(lane, with_failed);
            for entry in lane.entries.drain(..done) {
                lane.bytes -= entry.row.json.len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tidegate_model::PartitionId;

    fn row(offset: i64, key: Option<&str>) -> Row {
        Row {
            offset: Offset(offset),
            timestamp: EventTime::from_millis(0),
            key: key.map(|key| key.as_bytes().to_vec()),
            json: b"{}".to_vec(),
            idempotency_key: offset.to_string(),
        }
    }

    fn window(keys: &[Option<&str>]) -> Window {
        let partition = TopicPartition { topic: "o".to_owned(), partition: PartitionId(0) };
        let mut window = Window::begin(vec![(partition, Slot(0), Offset(0))]);
        for (offset, key) in keys.iter().enumerate() {
            window.push(0, row(offset as i64, *key));
        }
        window
    }

    fn at(millis: i64) -> WallTime {
        WallTime::from_micros(millis * 1000)
    }

    fn sent(window: &mut Window, now: WallTime) -> Vec<i64> {
        std::iter::from_fn(|| window.next(now)).map(|(place, _)| place.offset.0).collect()
    }

    fn place(offset: i64) -> Place {
        Place { slot: 0, offset: Offset(offset) }
    }

    #[test]
    fn a_row_waits_for_the_one_of_its_key_and_for_no_other() {
        let mut window = window(&[Some("a"), Some("b"), Some("a"), None, None]);
        assert_eq!(sent(&mut window, at(0)), [0, 1, 3, 4]);
        window.again(place(0), at(50));
        window.delivered(place(1));
        assert_eq!(sent(&mut window, at(49)), [] as [i64; 0], "the second of `a` waits with the first");
        assert_eq!(window.next_at(), Some(at(50)));
        assert_eq!(sent(&mut window, at(50)), [0]);
        assert_eq!(window.attempts(place(0)), (2, at(0)));
        window.delivered(place(0));
        assert_eq!(sent(&mut window, at(51)), [2]);
    }

    #[test]
    fn the_position_stays_before_the_first_that_is_not_done() {
        let mut window = window(&[None, None, None]);
        sent(&mut window, at(0));
        window.delivered(place(1));
        let cause = Cause { code: "http_400".to_owned(), message: "no".to_owned() };
        window.failed(place(2), cause.clone());
        assert!(
            window.settled(true).is_empty(),
            "what failed behind a row that waits is not told yet: it would be told twice"
        );
        window.delivered(place(0));
        assert_eq!(window.settled(false)[0].next, Offset(2), "without a route nothing goes past what failed");
        let settled = window.settled(true);
        assert_eq!((settled[0].next, settled[0].failed.len()), (Offset(3), 1));
        assert_eq!(settled[0].failed[0].1, &cause);
        window.committed(true);
        assert_eq!((window.rows(), window.lanes[0].bytes), (0, 0));
    }

    #[test]
    fn each_partition_has_its_share_of_the_room_and_its_turn() {
        let lane = |number| {
            let partition = TopicPartition { topic: "o".to_owned(), partition: PartitionId(number) };
            (partition, Slot(number as u32), Offset(0))
        };
        let mut window = Window::begin(vec![lane(0), lane(1)]);
        for offset in 0..500 {
            window.push(0, row(offset, None));
        }
        let before_rows_are_known = BYTES / 2 / ROW_BYTES_FIRST;
        assert_eq!((window.room(0), window.room(1)), (0, before_rows_are_known));
        for offset in 0..100 {
            window.push(1, row(offset, None));
        }
        assert_eq!(window.room(1), 400, "small rows are known by now");
        window.push(1, Row { json: vec![b' '; BYTES / 2], ..row(100, None) });
        assert_eq!(window.room(1), 0, "large rows fill a share, too");
        let slots: Vec<usize> =
            std::iter::from_fn(|| window.next(at(0))).take(3).map(|(place, _)| place.slot).collect();
        assert_eq!(slots, [0, 1, 0]);
        assert!(window.is_full() && !window.waits_for_commit(true), "nothing is done");
        window.delivered(Place { slot: 1, offset: Offset(0) });
        assert!(window.waits_for_commit(true));
        let many = Window::begin((0..2_000).map(lane).collect());
        assert_eq!(many.room(7), 1, "a partition that may read nothing would never come on");
    }

    proptest! {
        /// However answers come: in the end every row was delivered, those of a key in order.
        #[test]
        fn rows_of_a_key_keep_their_order(keys in prop::collection::vec(0..4u8, 1..40), choices in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 400)) {
            let names = ["a", "b", "c"];
            let keys: Vec<Option<&str>> = keys.iter().map(|key| names.get(*key as usize).copied()).collect();
            let mut window = window(&keys);
            let (mut now, mut on_the_way, mut delivered) = (0, Vec::new(), Vec::new());
            let mut choices = choices.into_iter().cycle();
            while window.rows() > 0 {
                now += 1;
                while let Some((place, _)) = window.next(at(now)) {
                    on_the_way.push(place);
                }
                prop_assert!(!on_the_way.is_empty() || window.next_at().is_some());
                if !on_the_way.is_empty() {
                    let (index, taken) = choices.next().expect("it goes round");
                    let place = on_the_way.swap_remove(index.index(on_the_way.len()));
                    if taken || now > 300 {
                        window.delivered(place);
                        delivered.push(place.offset.0);
                    } else {
                        window.again(place, at(now + 3));
                    }
                }
                window.committed(true);
            }
            for name in names {
                let own: Vec<i64> = delivered.iter().copied().filter(|offset| keys[*offset as usize] == Some(name)).collect();
                prop_assert!(own.is_sorted(), "{own:?}");
            }
            prop_assert_eq!(delivered.len(), keys.len());
        }
    }
}
