//! Committed changes on their way to RocksDB. A key that changes at every commit is written once for many of them.

use crate::lines::Side;
use crate::write_set::{TableId, WriteSet};
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::ops::Bound;

const ENTRY_BYTES: usize = 40;

/// The last committed value of each key that changed since the buffer was emptied.
#[derive(Debug, Default)]
pub(crate) struct WriteBuffer {
    /// Keys (behind their table's number) and values, back to back.
    data: Vec<u8>,
    entries: Vec<Entry>,
    index: HashTable<u32>,
    hasher: FixedState,
    /// Holds the key that is looked for.
    scratch: Vec<u8>,
    /// The tables whose keys are in `order`.
    ordered: BTreeSet<TableId>,
    order: BTreeSet<Box<[u8]>>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    hash: u64,
    key: (u32, u32),
    value: (u32, u32),
    /// Room that the value's place has.
    capacity: u32,
    delete: bool,
}

fn whole_key(table: TableId, key: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(&table.0.to_be_bytes());
    out.extend_from_slice(key);
}

impl WriteBuffer {
    /// Memory that it takes, roughly.
    pub(crate) fn bytes(&self) -> usize {
        self.data.len() + self.entries.len() * ENTRY_BYTES
    }

    pub(crate) fn apply(&mut self, writes: &WriteSet) {
        let mut whole = std::mem::take(&mut self.scratch);
        for (table, key, value) in writes.iter() {
            whole_key(table, key, &mut whole);
            self.put(&whole, value);
        }
        self.scratch = whole;
    }

    fn put(&mut self, key: &[u8], value: Option<&[u8]>) {
        let bytes = value.unwrap_or_default();
        let length = bytes.len() as u32;
        let hash = self.hasher.hash_one(key);
        let (data, entries) = (&mut self.data, &mut self.entries);
        let found = self.index.find(hash, |index| {
            let entry = &entries[*index as usize];
            entry.hash == hash && data[entry.key.0 as usize..entry.key.1 as usize] == *key
        });
        if let Some(index) = found {
            let entry = &mut entries[*index as usize];
            if length <= entry.capacity {
                entry.value.1 = entry.value.0 + length;
                data[entry.value.0 as usize..entry.value.1 as usize].copy_from_slice(bytes);
            } else {
                // What grew once grows again.
                entry.capacity = length + length / 2;
                let start = data.len() as u32;
                entry.value = (start, start + length);
                data.extend_from_slice(bytes);
                data.resize((start + entry.capacity) as usize, 0);
            }
            entry.delete = value.is_none();
            return;
        }
        if !self.ordered.is_empty()
            && self.ordered.iter().any(|table| key.starts_with(&table.0.to_be_bytes()))
        {
            self.order.insert(key.into());
        }
        let start = data.len() as u32;
        data.extend_from_slice(key);
        let middle = data.len() as u32;
        data.extend_from_slice(bytes);
        entries.push(Entry {
            hash,
            key: (start, middle),
            value: (middle, middle + length),
            capacity: length,
            delete: value.is_none(),
        });
        let index = (entries.len() - 1) as u32;
        self.index.insert_unique(hash, index, |index| entries[*index as usize].hash);
    }

    fn key(&self, entry: &Entry) -> &[u8] {
        &self.data[entry.key.0 as usize..entry.key.1 as usize]
    }

    fn value(&self, entry: &Entry) -> Option<&[u8]> {
        (!entry.delete).then(|| &self.data[entry.value.0 as usize..entry.value.1 as usize])
    }

    /// None: it knows nothing of the key. Some(None): the key was deleted. `whole`: the key behind its table's number.
    pub(crate) fn get(&self, whole: &[u8]) -> Option<Option<&[u8]>> {
        if self.entries.is_empty() {
            return None;
        }
        let hash = self.hasher.hash_one(whole);
        let index = self.index.find(hash, |index| {
            let entry = &self.entries[*index as usize];
            entry.hash == hash && self.key(entry) == whole
        })?;
        Some(self.value(&self.entries[*index as usize]))
    }

    /// The keys of a table that it knows, without the table's number.
    pub(crate) fn keys(&self, table: TableId) -> impl Iterator<Item = &[u8]> {
        let keys = self.entries.iter().map(|entry| self.key(entry));
        keys.filter_map(move |key| key.strip_prefix(&table.0.to_be_bytes()[..]))
    }

    /// From now on the keys of this table are found by their order, too.
    pub(crate) fn keep_order(&mut self, table: TableId) {
        if self.ordered.insert(table) {
            let known: Vec<Box<[u8]>> = self.entries.iter().map(|entry| self.key(entry).into()).collect();
            self.order.extend(known.into_iter().filter(|key| key.starts_with(&table.0.to_be_bytes())));
        }
    }

    /// The key nearest to `from` on one side, among those that hold a value and are `wanted`, as far as keys are `near`. All keys stand
    /// behind their table's number.
    pub(crate) fn nearest(
        &self,
        from: &[u8],
        side: Side,
        near: &dyn Fn(&[u8]) -> bool,
        wanted: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Option<&[u8]> {
        let mut fits = |key: &[u8]| self.get(key).flatten().is_some() && wanted(key);
        let found = match side {
            Side::Before => {
                let before = self.order.range::<[u8], _>((Bound::Unbounded, Bound::Excluded(from)));
                before.rev().take_while(|key| near(key)).find(|key| fits(key))
            }
            Side::From => {
                let behind = self.order.range::<[u8], _>((Bound::Included(from), Bound::Unbounded));
                behind.take_while(|key| near(key)).find(|key| fits(key))
            }
        };
        found.map(|key| &**key)
    }

    /// The keys from one to another, both included.
    pub(crate) fn between(&self, from: &[u8], to: &[u8], visit: &mut dyn FnMut(&[u8])) {
        if from <= to {
            let keys = self.order.range::<[u8], _>((Bound::Included(from), Bound::Included(to)));
            keys.for_each(|key| visit(key));
        }
    }

    /// Gives all to `visit`, in the order of the keys.
    pub(crate) fn sorted(&self, mut visit: impl FnMut(&[u8], Option<&[u8]>)) {
        let mut order: Vec<&Entry> = self.entries.iter().collect();
        order.sort_unstable_by(|a, b| self.key(a).cmp(self.key(b)));
        for entry in order {
            visit(self.key(entry), self.value(entry));
        }
    }

    /// Empties it; the memory stays for the next round.
    pub(crate) fn clear(&mut self) {
        self.data.clear();
        self.entries.clear();
        self.index.clear();
        self.order.clear();
    }

    /// Forgets the changes of one table.
    pub(crate) fn forget(&mut self, table: TableId) {
        let old = std::mem::take(self);
        self.ordered.clone_from(&old.ordered);
        for entry in &old.entries {
            if old.key(entry)[..2] != table.0.to_be_bytes() {
                self.put(old.key(entry), old.value(entry));
            }
        }
    }
}
