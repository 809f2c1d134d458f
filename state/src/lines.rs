//! Keys along a line: those that begin alike and end in a point of eight bytes (a time), found by their neighbours.
//!
//! What is in memory is found in a sorted list for each line; where the store holds more than that, in RocksDB and in what is not
//! written there yet. Other points of the line are not looked at.

use crate::StateError;
use crate::overlay::{Keys, Overlay, StateValue};
use crate::store::Store;
use crate::write_set::TableId;
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::collections::VecDeque;
use std::hash::BuildHasher;

/// Where on its line a key lies. Points have the order of their bytes.
pub type Point = [u8; 8];

/// What an entry costs more where it is on a line, roughly.
pub(crate) const LINE_BYTES: usize = 96;

/// The slots of an overlay by line and point.
#[derive(Default)]
pub(crate) struct LineIndex {
    lines: HashTable<Line>,
    hasher: FixedState,
}

struct Line {
    hash: u64,
    name: Box<[u8]>,
    points: VecDeque<(Point, u32)>,
}

fn split(key: &[u8]) -> (&[u8], Point) {
    let (line, point) = key.split_last_chunk::<8>().expect("a key of a line ends in a point");
    (line, *point)
}

impl LineIndex {
    pub(crate) fn insert(&mut self, key: &[u8], slot: u32) {
        let (name, point) = split(key);
        let hash = self.hasher.hash_one(name);
        let line = match self.lines.find_mut(hash, |line| line.hash == hash && *line.name == *name) {
            Some(line) => line,
            None => {
                let line = Line { hash, name: name.into(), points: VecDeque::new() };
                self.lines.insert_unique(hash, line, |line| line.hash).into_mut()
            }
        };
        let place = line.points.partition_point(|(known, _)| *known < point);
        assert!(line.points.get(place).is_none_or(|(known, _)| *known != point), "a key has one slot");
        line.points.insert(place, (point, slot));
    }

    pub(crate) fn remove(&mut self, key: &[u8]) {
        let (name, point) = split(key);
        let hash = self.hasher.hash_one(name);
        let found = self.lines.find_entry(hash, |line| line.hash == hash && *line.name == *name);
        let Ok(mut found) = found else { panic!("every live entry is on its line") };
        let points = &mut found.get_mut().points;
        let place = points.binary_search_by_key(&point, |(known, _)| *known);
        points.remove(place.expect("every live entry has its point"));
        if points.is_empty() {
            drop(found.remove());
        }
    }

    fn points(&self, name: &[u8]) -> Option<&VecDeque<(Point, u32)>> {
        let hash = self.hasher.hash_one(name);
        self.lines.find(hash, |line| line.hash == hash && *line.name == *name).map(|line| &line.points)
    }

    fn holds(&self, key: &[u8]) -> bool {
        let (name, point) = split(key);
        let points = self.points(name);
        points.is_some_and(|points| points.binary_search_by_key(&point, |(known, _)| *known).is_ok())
    }
}

/// In which direction a neighbour is looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// Nearest of those that lie before.
    Before,
    /// Nearest of those that lie at it or behind.
    From,
}

impl<V: StateValue> Overlay<V> {
    /// As [`Overlay::new`], for keys that lie on lines.
    pub fn on_lines(table: TableId, budget_bytes: usize, complete: bool) -> Overlay<V> {
        let mut overlay = Overlay::new(table, budget_bytes, complete);
        overlay.lines = Some(LineIndex::default());
        overlay
    }

    /// The slot of the value that lies nearest to a point on its line, on one side of it.
    pub fn nearest(
        &mut self,
        store: &Store,
        line: &[u8],
        point: Point,
        side: Side,
    ) -> Result<Option<u32>, StateError> {
        let kept = self.nearest_in_memory(line, point, side);
        if let Some(slot) = kept {
            self.touch(slot);
        }
        if self.is_complete() {
            return Ok(kept);
        }
        let mut from = line.to_vec();
        from.extend_from_slice(&point);
        let until = kept.map(|slot| self.key(slot));
        let lines = self.lines();
        let wanted = &mut |key: &[u8]| !lines.holds(key);
        let found = store.nearest(self.table(), line, &from, until, side, wanted)?;
        match found {
            Some(found) => Ok(Some(self.lookup(store, &found)?)),
            None => Ok(kept),
        }
    }

    fn nearest_in_memory(&self, line: &[u8], point: Point, side: Side) -> Option<u32> {
        let points = self.lines().points(line)?;
        let place = points.partition_point(|(known, _)| *known < point);
        let live = |(_, slot): &&(Point, u32)| self.get(*slot).is_some();
        let found = match side {
            Side::Before => points.range(..place).rev().find(live),
            Side::From => points.range(place..).find(live),
        };
        found.map(|(_, slot)| *slot)
    }

    /// The slots of all values of a line from one point to another, both included, in their order.
    pub fn between(
        &mut self,
        store: &Store,
        line: &[u8],
        from: Point,
        to: Point,
    ) -> Result<Vec<u32>, StateError> {
        if !self.is_complete() {
            let at = |point: Point| [line, &point].concat();
            let mut keys = Keys::default();
            store.keys_between(self.table(), &at(from), &at(to), &mut |key| {
                keys.push_with(|out| out.extend_from_slice(key));
            })?;
            self.resolve(store, &keys, &mut Vec::new())?;
        }
        let Some(points) = self.lines().points(line) else { return Ok(Vec::new()) };
        let start = points.partition_point(|(known, _)| *known < from);
        let end = points.partition_point(|(known, _)| *known <= to).max(start);
        let live = points.range(start..end).map(|(_, slot)| *slot).filter(|slot| self.get(*slot).is_some());
        let slots: Vec<u32> = live.collect();
        for slot in &slots {
            self.touch(*slot);
        }
        Ok(slots)
    }

    /// Where on its line the key of a slot lies.
    pub fn point(&self, slot: u32) -> Point {
        split(self.key(slot)).1
    }

    /// The line of a slot's key.
    pub fn line(&self, slot: u32) -> &[u8] {
        split(self.key(slot)).0
    }

    fn lines(&self) -> &LineIndex {
        self.lines.as_ref().expect("only an overlay on lines is asked for neighbours")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Shared;
    use crate::write_set::WriteSet;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use tidegate_model::Offset;

    #[derive(Clone, Debug)]
    enum Action {
        Put(u8, u8, u32),
        Delete(u8, u8),
        Nearest(u8, u8),
        Between(u8, u8, u8),
        Commit,
        Write,
        Reopen,
    }

    fn action() -> impl Strategy<Value = Action> {
        prop_oneof![
            5 => (0u8..3, 0u8..30, any::<u32>()).prop_map(|(line, point, value)| Action::Put(line, point, value)),
            3 => (0u8..3, 0u8..30).prop_map(|(line, point)| Action::Delete(line, point)),
            6 => (0u8..3, 0u8..31).prop_map(|(line, point)| Action::Nearest(line, point)),
            2 => (0u8..3, 0u8..30, 0u8..30).prop_map(|(line, from, to)| Action::Between(line, from, to)),
            3 => Just(Action::Commit),
            1 => Just(Action::Write),
            1 => Just(Action::Reopen),
        ]
    }

    fn point(number: u8) -> Point {
        u64::from(number).to_be_bytes()
    }

    fn key(line: u8, at: u8) -> Vec<u8> {
        [&[line, 0][..], &point(at)].concat()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn neighbours_are_found_in_memory_in_the_buffer_and_in_the_store(
            actions in proptest::collection::vec(action(), 1..150), budget in prop_oneof![Just(0usize), Just(900), Just(1 << 20)]) {
            let dir = tempfile::tempdir().expect("a directory");
            let shared = Shared::new(8 << 20);
            let tables = ["t".to_owned(), "u".to_owned()];
            let open = || {
                let mut store = Store::open(dir.path(), &shared, &tables).expect("opens");
                store.keep_order(store.table("t").expect("made"));
                store
            };
            let mut store = open();
            let table = store.table("t").expect("made");
            let mut overlay: Overlay<u32> = Overlay::on_lines(table, budget, true);
            let mut model: BTreeMap<Vec<u8>, u32> = BTreeMap::new();
            let mut committed = model.clone();
            let mut next = 0;
            for action in actions {
                match action {
                    Action::Put(line, at, value) => {
                        let slot = overlay.lookup(&store, &key(line, at)).expect("reads");
                        *overlay.modify(slot) = Some(value);
                        model.insert(key(line, at), value);
                    }
                    Action::Delete(line, at) => {
                        let slot = overlay.lookup(&store, &key(line, at)).expect("reads");
                        *overlay.modify(slot) = None;
                        model.remove(&key(line, at));
                    }
                    Action::Nearest(line, at) => {
                        let before = overlay.nearest(&store, &[line, 0], point(at), Side::Before).expect("reads");
                        let before = before.map(|slot| (overlay.key(slot).to_vec(), overlay.get(slot).copied()));
                        let right = model.range(key(line, 0)..key(line, at)).next_back();
                        prop_assert_eq!(before, right.map(|(key, value)| (key.clone(), Some(*value))));
                        let from = overlay.nearest(&store, &[line, 0], point(at), Side::From).expect("reads");
                        let from = from.map(|slot| (overlay.key(slot).to_vec(), overlay.get(slot).copied()));
                        let right = model.range(key(line, at)..=key(line, 255)).next();
                        prop_assert_eq!(from, right.map(|(key, value)| (key.clone(), Some(*value))));
                    }
                    Action::Between(line, from, to) => {
                        let slots = overlay.between(&store, &[line, 0], point(from), point(to)).expect("reads");
                        let found: Vec<_> = slots.iter().map(|slot| (overlay.key(*slot).to_vec(), *overlay.get(*slot).expect("live"))).collect();
                        let right: Vec<_> = model
                            .iter()
                            .filter(|(known, _)| **known >= key(line, from) && **known <= key(line, to))
                            .map(|(key, value)| (key.clone(), *value))
                            .collect();
                        prop_assert_eq!(found, right);
                    }
                    Action::Commit => {
                        let mut writes = WriteSet::default();
                        overlay.flush(&mut writes);
                        next += 1;
                        store.commit(&writes, &[(table, Offset(next))]).expect("commits");
                        overlay.committed();
                        committed = model.clone();
                    }
                    Action::Write => store.flush().expect("writes"),
                    Action::Reopen => {
                        drop(store);
                        store = open();
                        overlay = Overlay::on_lines(table, budget, false);
                        overlay.fill(&store, &[]).expect("reads");
                        model = committed.clone();
                    }
                }
            }
        }
    }
}
