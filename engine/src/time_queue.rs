//! Rows that wait for event time: in the order of the moment at which they are due, those of one moment in the order they came.
//!
//! All of them are in the store; of those due next some are known in memory by their keys. So a row that is due in a month costs no memory, and
//! a task that is opened again has nothing to read before its first row is due.

use std::collections::BTreeSet;
use tidegate_model::{EventTime, Span};
use tidegate_state::key::{push_window_start, read_window_start};
use tidegate_state::value::{Decoder, put_u64};
use tidegate_state::{CodecError, Overlay, StateError, StateValue, Store, TableId, WriteSet};

/// So many keys are read at once when the known ones are used up; twice as many are known at most.
const NEAR_KEYS: usize = 4096;

/// First byte of the rows' keys, and the key of the number that the next row gets. No encoded key of an event begins so.
const ROWS: u8 = 0;
const NEXT: &[u8] = &[0xFD];
/// In the order of what is due at one moment.
const LAST: u64 = 1 << 63;
/// What else an operator keeps in the same table begins so.
pub const OTHERS: u8 = 2;

pub struct TimeQueue<V> {
    table: TableId,
    rows: Overlay<V>,
    /// Keys of rows, every one that is less than `horizon`.
    near: BTreeSet<Box<[u8]>>,
    /// None: all keys are in `near`.
    horizon: Option<Vec<u8>>,
    /// At or behind `horizon`, and not in the store yet.
    fresh: BTreeSet<Box<[u8]>>,
    next: u64,
    next_in_store: u64,
}

impl<V: StateValue> TimeQueue<V> {
    pub fn open(table: TableId, cache_bytes: usize, store: &Store) -> Result<TimeQueue<V>, StateError> {
        let empty = store.is_empty(table)?;
        let next = match store.get(table, NEXT)? {
            Some(bytes) => Decoder::new(&bytes).u64().map_err(StateError::from)?,
            None => 0,
        };
        Ok(TimeQueue {
            table,
            rows: Overlay::new(table, cache_bytes, empty),
            near: BTreeSet::new(),
            horizon: (!empty).then(|| vec![ROWS]),
            fresh: BTreeSet::new(),
            next,
            next_in_store: next,
        })
    }

    /// Returns the row's key.
    pub fn push(&mut self, store: &Store, due: EventTime, row: V) -> Result<Box<[u8]>, StateError> {
        self.push_in_order(store, due, self.next, row)
    }

    /// As [`TimeQueue::push`], but behind everything else that is due at the moment.
    pub fn push_last(&mut self, store: &Store, due: EventTime, row: V) -> Result<Box<[u8]>, StateError> {
        self.push_in_order(store, due, self.next | LAST, row)
    }

    fn push_in_order(
        &mut self,
        store: &Store,
        due: EventTime,
        order: u64,
        row: V,
    ) -> Result<Box<[u8]>, StateError> {
        let mut key = vec![ROWS];
        push_window_start(&mut key, due);
        key.extend_from_slice(&order.to_be_bytes());
        self.next += 1;
        let key: Box<[u8]> = key.into();
        let slot = self.rows.lookup(store, &key)?;
        *self.rows.modify(slot) = Some(row);
        let is_near = self.horizon.as_deref().is_none_or(|horizon| *key < *horizon);
        (if is_near { &mut self.near } else { &mut self.fresh }).insert(key.clone());
        Ok(key)
    }

    /// Takes a row out before it is due.
    pub fn remove(&mut self, store: &Store, key: &[u8]) -> Result<(), StateError> {
        self.near.remove(key);
        self.fresh.remove(key);
        let slot = self.rows.lookup(store, key)?;
        *self.rows.modify(slot) = None;
        Ok(())
    }

    /// The first row, if it is due before `limit` (`None`: or whenever).
    pub fn pop(
        &mut self,
        store: &Store,
        limit: Option<EventTime>,
    ) -> Result<Option<(EventTime, Box<[u8]>, V)>, StateError> {
        while self.near.is_empty() && self.may_be_due(limit)? {
            self.read_on(store)?;
        }
        let Some(key) = self.near.first() else { return Ok(None) };
        let due = due_of(key)?;
        if limit.is_some_and(|limit| due >= limit) {
            return Ok(None);
        }
        let key = self.near.pop_first().expect("there is one");
        let slot = self.rows.lookup(store, &key)?;
        let row = self.rows.modify(slot).take();
        Ok(row.map(|row| (due, key, row)))
    }

    /// Is a row due by `now`? Of rows that are not known yet the answer may be yes though none is.
    pub fn is_due_by(&self, now: EventTime) -> bool {
        match self.near.first() {
            Some(first) => due_of(first).is_ok_and(|due| due <= now),
            None => self.may_be_due(Some(now.plus(Span::from_micros(1)))).unwrap_or(false),
        }
    }

    /// May a row that is not known yet be due?
    fn may_be_due(&self, limit: Option<EventTime>) -> Result<bool, StateError> {
        let Some(horizon) = &self.horizon else { return Ok(false) };
        let Some(limit) = limit else { return Ok(true) };
        Ok(horizon.len() < 9 || due_of(horizon)? < limit)
    }

    /// Reads the next keys from the store.
    fn read_on(&mut self, store: &Store) -> Result<(), StateError> {
        let from = self.horizon.take().expect("there is more to read");
        let mut found: Vec<Box<[u8]>> = Vec::new();
        let mut more = false;
        store.scan_from(self.table, &from, &mut |key, _| {
            more = key.first() == Some(&ROWS) && found.len() == NEAR_KEYS;
            if key.first() != Some(&ROWS) || more {
                return false;
            }
            found.push(key.into());
            true
        })?;
        let behind = more.then(|| [found.last().expect("many"), &[0][..]].concat());
        // What was committed may wait to be written yet.
        let is_near = |key: &[u8]| {
            let is_row = key.first() == Some(&ROWS) && *key >= *from;
            is_row && behind.as_deref().is_none_or(|behind| *key < *behind)
        };
        found.extend(store.unwritten_keys(self.table).filter(|key| is_near(key)).map(Box::from));
        if let Some(behind) = behind {
            let later = self.fresh.split_off(behind.as_slice());
            self.near.append(&mut self.fresh);
            self.fresh = later;
            self.horizon = Some(behind);
        } else {
            self.near.append(&mut self.fresh);
        }
        for key in found {
            let slot = self.rows.lookup(store, &key)?;
            // It may have been taken out since the last commit.
            if self.rows.get(slot).is_some() {
                self.near.insert(key);
            }
        }
        Ok(())
    }

    pub fn flush(&mut self, writes: &mut WriteSet) {
        self.rows.flush(writes);
        if self.next != self.next_in_store {
            let mut bytes = Vec::new();
            put_u64(&mut bytes, self.next);
            writes.put(self.table, NEXT, &bytes);
            self.next_in_store = self.next;
        }
    }

    pub fn committed(&mut self) {
        self.rows.committed();
        self.fresh.clear();
        if self.near.len() > 2 * NEAR_KEYS {
            let first_unknown = self.near.iter().nth(NEAR_KEYS).expect("there are more").clone();
            self.near.split_off(&first_unknown);
            self.horizon = Some(first_unknown.into_vec());
        }
    }

    pub fn uncommitted_bytes(&self) -> usize {
        self.rows.uncommitted_bytes()
    }
}

/// When the row with this key is due.
pub fn due_of(key: &[u8]) -> Result<EventTime, CodecError> {
    let behind_tag = key.get(1..).ok_or(CodecError::invalid("a waiting row's key"))?;
    Ok(read_window_start(behind_tag)?.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timed_row::TimedRow;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use tidegate_model::Offset;
    use tidegate_state::Shared;

    #[derive(Clone, Debug)]
    enum Action {
        /// Rows at these moments, so many of each.
        Push(Vec<i64>, usize),
        Remove(usize),
        PopBefore(i64),
        Commit,
        /// The store is written, which happens every few commits.
        Write,
        Reopen,
    }

    fn action() -> impl Strategy<Value = Action> {
        let times = proptest::collection::vec(0i64..1000, 1..4);
        prop_oneof![
            5 => (times, prop_oneof![Just(1usize), Just(2000)]).prop_map(|(times, of_each)| Action::Push(times, of_each)),
            2 => any::<usize>().prop_map(Action::Remove),
            4 => (0i64..1000).prop_map(Action::PopBefore),
            3 => Just(Action::Commit),
            1 => Just(Action::Write),
            2 => Just(Action::Reopen),
        ]
    }

    fn row(number: u64) -> TimedRow {
        TimedRow { time: EventTime::from_micros(number as i64), row: Box::default() }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn rows_come_out_in_the_order_of_time(actions in proptest::collection::vec(action(), 1..40)) {
            let dir = tempfile::tempdir().expect("a directory");
            let shared = Shared::new(8 << 20);
            let mut store = Store::open(dir.path(), &shared, &["t".to_owned()]).expect("opens");
            let table = store.table("t").expect("made");
            let mut queue: TimeQueue<TimedRow> = TimeQueue::open(table, 1 << 16, &store).expect("opens");
            // By moment and number, which the row carries; with its key.
            let mut model: BTreeMap<(i64, u64), Box<[u8]>> = BTreeMap::new();
            let mut committed = model.clone();
            let (mut next, mut committed_next, mut commits) = (0, 0, 0);
            for action in actions {
                match action {
                    Action::Push(times, of_each) => {
                        for time in times.iter().flat_map(|time| std::iter::repeat_n(*time, of_each)) {
                            let key = queue.push(&store, EventTime::from_micros(time), row(next)).expect("pushed");
                            model.insert((time, next), key);
                            next += 1;
                        }
                    }
                    Action::Remove(any) if !model.is_empty() => {
                        let (place, key) = model.iter().nth(any % model.len()).map(|(a, b)| (*a, b.clone())).expect("one");
                        queue.remove(&store, &key).expect("removed");
                        model.remove(&place);
                    }
                    Action::Remove(_) => {}
                    Action::PopBefore(limit) => {
                        let later = model.split_off(&(limit, 0));
                        let wanted: Vec<(i64, u64)> = model.keys().copied().collect();
                        model = later;
                        let mut popped = Vec::new();
                        let limit = EventTime::from_micros(limit);
                        while let Some((due, _, row)) = queue.pop(&store, Some(limit)).expect("pops") {
                            popped.push((due.micros(), row.time.micros() as u64));
                        }
                        prop_assert_eq!(popped, wanted);
                    }
                    Action::Commit => {
                        let mut writes = WriteSet::default();
                        queue.flush(&mut writes);
                        commits += 1;
                        store.commit(&writes, &[(table, Offset(commits))]).expect("commits");
                        queue.committed();
                        prop_assert!(queue.near.len() <= 2 * NEAR_KEYS);
                        (committed, committed_next) = (model.clone(), next);
                    }
                    Action::Write => store.flush().expect("writes"),
                    Action::Reopen => {
                        store.flush().expect("writes");
                        queue = TimeQueue::open(table, 1 << 16, &store).expect("opens");
                        (model, next) = (committed.clone(), committed_next);
                    }
                }
            }
            let mut rest = Vec::new();
            while let Some((due, _, row)) = queue.pop(&store, None).expect("pops") {
                rest.push((due.micros(), row.time.micros() as u64));
            }
            prop_assert_eq!(rest, model.into_keys().collect::<Vec<_>>());
        }
    }
}
