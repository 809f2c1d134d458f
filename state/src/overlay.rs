//! The write-behind cache over one table: values live in memory in their own type; what changed between two commits is written once.
//!
//! A commit's life: [`Overlay::resolve`] finds (or reads, with one batched read) the values of a batch's keys; [`Overlay::modify`]
//! changes them; [`Overlay::flush`] writes each changed key once; [`Overlay::committed`] makes them clean, and evicts clean values while
//! the memory is over its budget. Nothing that is not committed ever reaches the store.

use crate::StateError;
use crate::lines::{LINE_BYTES, LineIndex};
use crate::store::Store;
use crate::value::CodecError;
use crate::write_set::{TableId, WriteSet};
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::collections::BTreeSet;
use std::hash::BuildHasher;

/// A value as it is kept in a store.
pub trait StateValue: Sized {
    fn encode(&self, out: &mut Vec<u8>);

    fn decode(bytes: &[u8]) -> Result<Self, CodecError>;

    /// Memory that it takes, roughly.
    fn bytes(&self) -> usize;
}

/// Encoded keys, back to back.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    data: Vec<u8>,
    ends: Vec<u32>,
}

impl Keys {
    /// Appends a key that `write` puts at the end of the buffer.
    #[inline]
    pub fn push_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.data);
        self.ends.push(self.data.len() as u32);
    }

    #[inline]
    pub fn get(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        &self.data[start..self.ends[index] as usize]
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub fn clear(&mut self) {
        self.data.clear();
        self.ends.clear();
    }
}

struct Entry<V> {
    hash: u64,
    key: Box<[u8]>,
    value: Option<V>,
    /// Bytes of the value as of the last commit.
    weight: u32,
    dirty: bool,
    /// Was it touched since the last eviction looked at it?
    touched: bool,
    /// May the store hold this key?
    stored: bool,
    free: bool,
}

pub struct Overlay<V> {
    table: TableId,
    budget_bytes: usize,
    /// Everything that the store holds is in memory: a key that is not here is nowhere.
    complete: bool,
    entries: Vec<Entry<V>>,
    index: HashTable<u32>,
    free: Vec<u32>,
    dirty: Vec<u32>,
    hasher: FixedState,
    /// Of clean values and keys; counted at commits.
    bytes: usize,
    /// Where keys are found by their neighbours, too.
    pub(crate) lines: Option<LineIndex>,
}

const ENTRY_BYTES: usize = 64;

impl<V: StateValue> Overlay<V> {
    /// `complete`: the store holds nothing of this table, so a miss needs no read.
    pub fn new(table: TableId, budget_bytes: usize, complete: bool) -> Overlay<V> {
        Overlay {
            table,
            budget_bytes,
            complete,
            entries: Vec::new(),
            index: HashTable::new(),
            free: Vec::new(),
            dirty: Vec::new(),
            hasher: FixedState::default(),
            bytes: 0,
            lines: None,
        }
    }

    pub(crate) fn table(&self) -> TableId {
        self.table
    }

    /// What an entry takes besides its key and value.
    fn entry_bytes(&self) -> usize {
        ENTRY_BYTES + if self.lines.is_some() { LINE_BYTES } else { 0 }
    }

    /// Appends the slot of each key to `slots`. Values that are not in memory are read with one batched read.
    /// Slots are valid until the next [`Overlay::committed`].
    pub fn resolve(&mut self, store: &Store, keys: &Keys, slots: &mut Vec<u32>) -> Result<(), StateError> {
        let mut missed: Vec<u32> = Vec::new();
        for index in 0..keys.len() {
            let (slot, new) = self.slot_of(keys.get(index));
            if new && !self.complete {
                missed.push(slot);
            }
            slots.push(slot);
        }
        self.load(store, &missed)
    }

    /// The slot of one key.
    pub fn lookup(&mut self, store: &Store, key: &[u8]) -> Result<u32, StateError> {
        let (slot, new) = self.slot_of(key);
        if new && !self.complete {
            self.load(store, &[slot])?;
        }
        Ok(slot)
    }

    fn slot_of(&mut self, key: &[u8]) -> (u32, bool) {
        let hash = self.hasher.hash_one(key);
        if let Some(slot) = self.find(hash, key) {
            self.entries[slot as usize].touched = true;
            return (slot, false);
        }
        self.bytes += self.entry_bytes() + key.len();
        let entry = Entry {
            hash,
            key: key.into(),
            value: None,
            weight: 0,
            dirty: false,
            touched: true,
            stored: false,
            free: false,
        };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.entries[slot as usize] = entry;
                slot
            }
            None => {
                self.entries.push(entry);
                (self.entries.len() - 1) as u32
            }
        };
        let entries = &self.entries;
        self.index.insert_unique(hash, slot, |slot| entries[*slot as usize].hash);
        if let Some(lines) = &mut self.lines {
            lines.insert(key, slot);
        }
        (slot, true)
    }

    /// The slot of a key that is in memory, be it that it has no value.
    pub(crate) fn slot_in_memory(&self, key: &[u8]) -> Option<u32> {
        self.find(self.hasher.hash_one(key), key)
    }

    fn find(&self, hash: u64, key: &[u8]) -> Option<u32> {
        let is_it = |slot: &u32| {
            let entry = &self.entries[*slot as usize];
            entry.hash == hash && *entry.key == *key
        };
        self.index.find(hash, is_it).copied()
    }

    pub(crate) fn touch(&mut self, slot: u32) {
        self.entries[slot as usize].touched = true;
    }

    fn load(&mut self, store: &Store, slots: &[u32]) -> Result<(), StateError> {
        if slots.is_empty() {
            return Ok(());
        }
        let keys: Vec<&[u8]> = slots.iter().map(|slot| &*self.entries[*slot as usize].key).collect();
        let mut loaded: Vec<(u32, Result<V, CodecError>)> = Vec::new();
        store.multi_get(self.table, &keys, &mut |index, bytes| {
            if let Some(bytes) = bytes {
                loaded.push((slots[index], V::decode(bytes)));
            }
        })?;
        for (slot, value) in loaded {
            self.loaded(slot, value?);
        }
        Ok(())
    }

    fn loaded(&mut self, slot: u32, value: V) {
        let entry = &mut self.entries[slot as usize];
        entry.weight = value.bytes() as u32;
        self.bytes += entry.weight as usize;
        entry.value = Some(value);
        entry.stored = true;
    }

    /// Reads everything that the store holds under a prefix into memory, if it fits: then nothing else is looked for there. All keys
    /// of the overlay begin so, and the store's buffer was written.
    pub fn fill(&mut self, store: &Store, prefix: &[u8]) -> Result<(), StateError> {
        assert!(self.entries.is_empty(), "it is filled before anything else");
        let mut found: Vec<(Box<[u8]>, V)> = Vec::new();
        let mut room = self.budget_bytes;
        let mut unreadable = None;
        store.scan_from(self.table, prefix, &mut |key, bytes| {
            if !key.starts_with(prefix) {
                return false;
            }
            match V::decode(bytes) {
                Ok(value) => {
                    room = room.saturating_sub(self.entry_bytes() + key.len() + value.bytes());
                    found.push((key.into(), value));
                }
                Err(cause) => unreadable = Some(cause),
            }
            room > 0 && unreadable.is_none()
        })?;
        if let Some(cause) = unreadable {
            return Err(cause.into());
        }
        if room == 0 {
            return Ok(());
        }
        for (key, value) in found {
            let (slot, _) = self.slot_of(&key);
            self.loaded(slot, value);
        }
        self.complete = true;
        Ok(())
    }

    #[inline]
    pub fn get(&self, slot: u32) -> Option<&V> {
        self.entries[slot as usize].value.as_ref()
    }

    /// May the store hold the key, as of the last commit?
    pub fn is_stored(&self, slot: u32) -> bool {
        self.entries[slot as usize].stored
    }

    #[inline]
    pub fn key(&self, slot: u32) -> &[u8] {
        &self.entries[slot as usize].key
    }

    /// The value, to be changed: it will be written at the next commit. None deletes.
    #[inline]
    pub fn modify(&mut self, slot: u32) -> &mut Option<V> {
        let entry = &mut self.entries[slot as usize];
        if !entry.dirty {
            entry.dirty = true;
            self.dirty.push(slot);
        }
        &mut entry.value
    }

    /// The slots of all live keys that begin with one of some prefixes of `N` bytes, in the order of the keys. One pass through what
    /// is in memory, however many prefixes there are.
    pub fn slots_with_prefixes<const N: usize>(
        &mut self,
        store: &Store,
        prefixes: &BTreeSet<[u8; N]>,
    ) -> Result<Vec<u32>, StateError> {
        if !self.complete {
            let mut keys = Keys::default();
            store.keys_with_prefixes(self.table, prefixes, &mut |key| {
                keys.push_with(|out| out.extend_from_slice(key));
            })?;
            self.resolve(store, &keys, &mut Vec::new())?;
        }
        let live = |slot: &u32| {
            let entry = &self.entries[*slot as usize];
            let prefix = entry.key.first_chunk::<N>();
            !entry.free && entry.value.is_some() && prefix.is_some_and(|prefix| prefixes.contains(prefix))
        };
        let mut slots: Vec<u32> = (0..self.entries.len() as u32).filter(live).collect();
        slots.sort_by(|a, b| self.key(*a).cmp(self.key(*b)));
        Ok(slots)
    }

    /// Is everything that the store holds in memory?
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Looks at the next `count` places from `from` on. `expire` shortens a value and says whether nothing of it is left; those are
    /// deleted. Returns where to go on; None: that was the end.
    pub fn sweep(&mut self, from: u32, count: usize, mut expire: impl FnMut(&mut V) -> bool) -> Option<u32> {
        let end = self.entries.len().min(from as usize + count);
        for slot in from as usize..end {
            let Some(value) = &mut self.entries[slot].value else { continue };
            if expire(value) {
                *self.modify(slot as u32) = None;
            }
        }
        (end < self.entries.len()).then_some(end as u32)
    }

    /// What changed since the last commit, in the order of the first change.
    pub fn dirty(&self) -> impl ExactSizeIterator<Item = u32> + '_ {
        self.dirty.iter().copied()
    }

    /// Memory that goes with a commit, roughly: what changed, and what is written of it, and what was read beyond the budget.
    pub fn uncommitted_bytes(&self) -> usize {
        const SAMPLE: usize = 32;
        let step = self.dirty.len().div_ceil(SAMPLE).max(1);
        let of_slot = |slot: &u32| {
            let entry = &self.entries[*slot as usize];
            self.entry_bytes() + 2 * (entry.key.len() + entry.value.as_ref().map_or(0, V::bytes))
        };
        let (mut sampled, mut bytes) = (0, 0);
        for slot in self.dirty.iter().step_by(step) {
            sampled += 1;
            bytes += of_slot(slot);
        }
        bytes * self.dirty.len() / sampled.max(1) + self.bytes.saturating_sub(self.budget_bytes)
    }

    /// Writes each changed key once.
    pub fn flush(&self, out: &mut WriteSet) {
        for slot in &self.dirty {
            let entry = &self.entries[*slot as usize];
            match &entry.value {
                Some(value) => out.put_with(self.table, &entry.key, |bytes| value.encode(bytes)),
                // A key that came and went between two commits leaves no trace.
                None if !entry.stored => {}
                None => out.delete(self.table, &entry.key),
            }
        }
    }

    /// What was flushed is in the store now. Ends the validity of all slots.
    pub fn committed(&mut self) {
        let dirty = std::mem::take(&mut self.dirty);
        for slot in &dirty {
            let entry = &mut self.entries[*slot as usize];
            entry.dirty = false;
            entry.stored = entry.value.is_some();
            let before = entry.weight as usize;
            entry.weight = entry.value.as_ref().map_or(0, V::bytes) as u32;
            self.bytes = self.bytes + entry.weight as usize - before;
            if entry.value.is_none() {
                self.release(*slot);
            }
        }
        self.dirty = dirty;
        self.dirty.clear();
        if self.bytes > self.budget_bytes {
            self.evict();
        }
    }

    /// Drops what has not been touched since the last time, and if that is not enough, everything.
    fn evict(&mut self) {
        self.complete = false;
        self.drop_clean(|entry| !entry.touched);
        if self.bytes > self.budget_bytes / 2 {
            self.drop_clean(|_| true);
        }
        for entry in &mut self.entries {
            entry.touched = false;
        }
    }

    fn drop_clean(&mut self, unwanted: impl Fn(&Entry<V>) -> bool) {
        for slot in 0..self.entries.len() as u32 {
            let entry = &self.entries[slot as usize];
            if entry.free {
                continue;
            }
            assert!(!entry.dirty, "evictions follow commits");
            if unwanted(entry) || entry.value.is_none() {
                self.release(slot);
            }
        }
    }

    fn release(&mut self, slot: u32) {
        let hash = self.entries[slot as usize].hash;
        match self.index.find_entry(hash, |found| *found == slot) {
            Ok(found) => drop(found.remove()),
            Err(_) => panic!("every live entry is in the index"),
        }
        let entry_bytes = self.entry_bytes();
        let entry = &mut self.entries[slot as usize];
        if let Some(lines) = &mut self.lines {
            lines.remove(&entry.key);
        }
        self.bytes -= entry_bytes + entry.key.len() + entry.weight as usize;
        entry.weight = 0;
        entry.value = None;
        entry.key = Box::default();
        entry.free = true;
        self.free.push(slot);
    }

    /// Memory that keys and values take, roughly.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Shared;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use tidegate_model::Offset;

    impl StateValue for u32 {
        fn encode(&self, out: &mut Vec<u8>) {
            out.extend_from_slice(&self.to_be_bytes());
        }

        fn decode(bytes: &[u8]) -> Result<u32, CodecError> {
            bytes.try_into().map(u32::from_be_bytes).map_err(|_| CodecError::invalid("a u32"))
        }

        fn bytes(&self) -> usize {
            4
        }
    }

    #[derive(Clone, Debug)]
    enum Action {
        Put(u8, u32),
        Delete(u8),
        Read(u8),
        ReadPrefixes(u8),
        Commit,
        Abort,
        Reopen,
        Flush,
        Kill,
    }

    fn action() -> impl Strategy<Value = Action> {
        prop_oneof![
            4 => (0u8..40, any::<u32>()).prop_map(|(key, value)| Action::Put(key, value)),
            2 => (0u8..40).prop_map(Action::Delete),
            3 => (0u8..40).prop_map(Action::Read),
            1 => (0u8..4).prop_map(Action::ReadPrefixes),
            2 => Just(Action::Commit),
            1 => Just(Action::Abort),
            1 => Just(Action::Reopen),
            1 => Just(Action::Flush),
            1 => Just(Action::Kill),
        ]
    }

    /// Two bytes, so that prefixes mean something.
    fn key(number: u8) -> [u8; 2] {
        [number / 10, number]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn overlay_and_store_are_one_map(
            actions in proptest::collection::vec(action(), 1..120), budget in prop_oneof![Just(0usize), Just(300), Just(1 << 20)]) {
            let dir = tempfile::tempdir().expect("a directory");
            let shared = Shared::new(8 << 20);
            let tables = ["t".to_owned()];
            let mut store = Store::open(dir.path(), &shared, &tables).expect("opens");
            let table = store.table("t").expect("made");
            let mut overlay: Overlay<u32> = Overlay::new(table, budget, true);
            let mut model: BTreeMap<[u8; 2], u32> = BTreeMap::new();
            let mut committed = model.clone();
            let mut next = 0;
            // What a changelog has that RocksDB may not have yet.
            let mut tail: Vec<(WriteSet, i64)> = Vec::new();
            for action in actions {
                match action {
                    Action::Put(number, value) => {
                        let slot = overlay.lookup(&store, &key(number)).expect("reads");
                        *overlay.modify(slot) = Some(value);
                        model.insert(key(number), value);
                    }
                    Action::Delete(number) => {
                        let slot = overlay.lookup(&store, &key(number)).expect("reads");
                        *overlay.modify(slot) = None;
                        model.remove(&key(number));
                    }
                    Action::Read(number) => {
                        let slot = overlay.lookup(&store, &key(number)).expect("reads");
                        prop_assert_eq!(overlay.get(slot), model.get(&key(number)));
                    }
                    Action::ReadPrefixes(prefix) => {
                        let prefixes = [[prefix], [prefix + 1]].into();
                        let slots = overlay.slots_with_prefixes(&store, &prefixes).expect("scans");
                        let found: Vec<(Vec<u8>, u32)> = slots
                            .iter()
                            .map(|slot| (overlay.key(*slot).to_vec(), *overlay.get(*slot).expect("live")))
                            .collect();
                        let wanted: Vec<(Vec<u8>, u32)> = model
                            .iter()
                            .filter(|(key, _)| key[0] == prefix || key[0] == prefix + 1)
                            .map(|(key, value)| (key.to_vec(), *value))
                            .collect();
                        prop_assert_eq!(found, wanted);
                    }
                    Action::Commit => {
                        let mut writes = WriteSet::default();
                        overlay.flush(&mut writes);
                        next += 1;
                        store.commit(&writes, &[(table, Offset(next))]).expect("commits");
                        tail.push((writes, next));
                        overlay.committed();
                        committed = model.clone();
                        let live = overlay.entries.iter().filter(|entry| !entry.free);
                        let weights = live.map(|entry| ENTRY_BYTES + 2 + entry.value.map_or(0, |_| 4));
                        prop_assert_eq!(overlay.bytes(), weights.sum::<usize>());
                    }
                    Action::Abort => {
                        overlay = Overlay::new(table, budget, false);
                        model = committed.clone();
                    }
                    Action::Flush => {
                        store.flush().expect("writes");
                        tail.clear();
                    }
                    Action::Kill => {
                        store.kill();
                        store = Store::open(dir.path(), &shared, &tables).expect("opens again");
                        prop_assert_eq!(store.position(table).map_or(0, |offset| offset.0), next - tail.len() as i64);
                        for (writes, next) in &tail {
                            store.commit(writes, &[(table, Offset(*next))]).expect("replays");
                        }
                        overlay = Overlay::new(table, budget, false);
                        model = committed.clone();
                    }
                    Action::Reopen => {
                        tail.clear();
                        drop(store);
                        store = Store::open(dir.path(), &shared, &tables).expect("opens again");
                        overlay = Overlay::new(table, budget, store.is_empty(table).expect("scans"));
                        model = committed.clone();
                        prop_assert_eq!(store.position(table).map_or(0, |offset| offset.0), next);
                    }
                }
            }
            let stored: BTreeMap<[u8; 2], u32> = store.dump(table).expect("dumps").into_iter()
                .map(|(key, value)| (key.try_into().expect("two bytes"), u32::decode(&value).expect("a u32")))
                .collect();
            prop_assert_eq!(&stored, &committed);
        }
    }
}
