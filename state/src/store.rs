//! One RocksDB for each task: its tables, and the changelog position that they agree with, written in one batch.
//!
//! What was committed waits in a buffer first and is written every few seconds: a crash loses the buffer, and the changelog has it.

use crate::StateError;
use crate::chain;
use crate::damage::{self, store_error};
use crate::database::{Change, Database, DatabaseError, Disk, Fault};
use crate::rocks::Rocks;
use crate::value::{Decoder, put_i64};
use crate::write_buffer::WriteBuffer;
use crate::write_set::{TableId, WriteSet};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tidegate_model::Offset;

/// What this version writes. Another number is another layout.
const FORMAT: u8 = 1;
/// Table number of the store's own records: format, table names, positions.
const META: u16 = 0;
const FIRST_TABLE: u16 = 1;
const COMMITTED_AT: &[u8] = b"committed-at";
const CHAIN: &[u8] = b"batch/";
/// A buffer that has grown larger is written at once; a smaller one, too, where many stores share little memory.
const BUFFER_BYTES_MAX: usize = 8 << 20;
/// Less would be written too often.
const BUFFER_BYTES_LEAST: usize = 64 << 10;

/// What all stores of a process share: the memory of their databases, and where these are.
#[derive(Clone)]
pub struct Shared {
    disk: Arc<dyn Disk>,
    buffers: Arc<Buffers>,
}

/// The memory in which stores keep what is not written to their databases yet.
struct Buffers {
    /// Of all stores together.
    bytes_max: usize,
    stores: AtomicUsize,
}

impl Buffers {
    /// Of each store that is open now.
    fn share(&self) -> usize {
        let stores = self.stores.load(Ordering::Relaxed).max(1);
        (self.bytes_max / stores).clamp(BUFFER_BYTES_LEAST, BUFFER_BYTES_MAX)
    }
}

impl Shared {
    /// `memory_bytes` bounds what waits to be written, a third of it, and RocksDB's block cache and write buffers.
    pub fn new(memory_bytes: usize) -> Shared {
        let bytes_max = memory_bytes / 3;
        let buffers = Arc::new(Buffers { bytes_max, stores: AtomicUsize::new(0) });
        Shared { disk: Arc::new(Rocks::new(memory_bytes - bytes_max)), buffers }
    }

    /// On another disk than the machine's, for simulations.
    pub fn on(disk: Arc<dyn Disk>) -> Shared {
        let buffers = Buffers { bytes_max: BUFFER_BYTES_MAX, stores: AtomicUsize::new(0) };
        Shared { disk, buffers: Arc::new(buffers) }
    }

    /// Deletes a store that cannot be used; its changelogs have what was in it.
    pub fn remove(&self, path: &Path) -> Result<(), StateError> {
        let told = |cause| StateError::Io { path: path.display().to_string(), cause };
        self.disk.remove(path).map_err(told)
    }
}

pub struct Store {
    pub(crate) db: Box<dyn Database>,
    shared: Arc<Buffers>,
    pub(crate) path: PathBuf,
    tables: BTreeMap<String, TableId>,
    /// Of everything that was committed, the buffer included.
    positions: BTreeMap<TableId, Offset>,
    /// What the values of each table look like, in its owner's words.
    layouts: BTreeMap<TableId, String>,
    /// When the last commit was taken in (seconds since 1970); 0: never.
    committed_at: i64,
    committed_at_in_store: i64,
    pub(crate) buffer: WriteBuffer,
    /// Was something committed since the buffer was last written?
    unwritten: bool,
    /// How many batches were written, ever.
    batches: u64,
}

impl Store {
    /// Opens the store in `path`, or makes it. A table keeps the number that its name was given first.
    pub fn open(path: &Path, shared: &Shared, tables: &[String]) -> Result<Store, StateError> {
        damage::check(path)?;
        let db = shared.disk.open(path).map_err(|cause| store_error(path, cause))?;
        shared.buffers.stores.fetch_add(1, Ordering::Relaxed);
        let mut store = Store {
            db,
            shared: Arc::clone(&shared.buffers),
            path: path.to_owned(),
            tables: BTreeMap::new(),
            positions: BTreeMap::new(),
            layouts: BTreeMap::new(),
            committed_at: 0,
            committed_at_in_store: 0,
            buffer: WriteBuffer::default(),
            unwritten: false,
            batches: 0,
        };
        store.check_format()?;
        store.check_owner()?;
        store.check_batches()?;
        store.load_tables()?;
        for name in tables {
            store.ensure_table(name)?;
        }
        store.load_positions()?;
        Ok(store)
    }

    /// As [`Store::open`]; one that is damaged is deleted and made anew, since the changelogs have all of it. None: somebody in this process has
    /// it open.
    pub fn open_or_rebuild(
        path: &Path,
        shared: &Shared,
        tables: &[String],
    ) -> Result<Option<Store>, StateError> {
        match Store::open(path, shared, tables) {
            Err(StateError::Held { .. }) => Ok(None),
            Err(StateError::Damaged { path: place, cause }) => {
                tracing::warn!("the state in {place} is damaged ({cause}): it is deleted, and restored");
                shared.remove(path)?;
                Store::open(path, shared, tables).map(Some)
            }
            opened => opened.map(Some),
        }
    }

    fn check_format(&mut self) -> Result<(), StateError> {
        let key = meta_key(b"format");
        match self.db.get(&key).map_err(|cause| self.error(cause))? {
            None => self.put(&key, &[FORMAT]),
            Some(found) if found == [FORMAT] => Ok(()),
            Some(found) => Err(StateError::Format {
                path: self.path.display().to_string(),
                found: found.first().copied().unwrap_or(0),
                wanted: FORMAT,
            }),
        }
    }

    /// Positions of another task's changelogs would be taken for this one's.
    fn check_owner(&mut self) -> Result<(), StateError> {
        let (key, owner) = (meta_key(b"owner"), damage::owner(&self.path));
        match self.db.get(&key).map_err(|cause| self.error(cause))? {
            None => self.put(&key, owner.as_bytes()),
            Some(found) if found == owner.as_bytes() => Ok(()),
            Some(found) => Err(StateError::Damaged {
                path: self.path.display().to_string(),
                cause: format!("it is the store of {}", String::from_utf8_lossy(&found)),
            }),
        }
    }

    fn check_batches(&mut self) -> Result<(), StateError> {
        let prefix = meta_key(CHAIN);
        let mut found = BTreeMap::new();
        self.scan(&prefix, &prefix, &mut |key, value| {
            if let (Ok(trace), Ok(number)) = (key[prefix.len()..].try_into(), value.try_into()) {
                found.insert(trace, u64::from_be_bytes(number));
            }
            true
        })?;
        self.batches = chain::newest(&found).map_err(|lost| {
            let cause = format!("what was written with batch {lost} is not there, and newer batches are");
            store_error(&self.path, DatabaseError { cause, fault: Fault::Damage })
        })?;
        Ok(())
    }

    fn load_tables(&mut self) -> Result<(), StateError> {
        let prefix = meta_key(b"table/");
        let mut tables = BTreeMap::new();
        self.scan(&prefix, &prefix, &mut |key, value| {
            if let (Ok(name), Ok(number)) =
                (std::str::from_utf8(&key[prefix.len()..]), <[u8; 2]>::try_from(value))
            {
                tables.insert(name.to_owned(), TableId(u16::from_be_bytes(number)));
            }
            true
        })?;
        self.tables = tables;
        Ok(())
    }

    fn ensure_table(&mut self, name: &str) -> Result<(), StateError> {
        if self.tables.contains_key(name) {
            return Ok(());
        }
        let number = self.tables.values().map(|table| table.0 + 1).max().unwrap_or(FIRST_TABLE);
        let key = meta_key(format!("table/{name}").as_bytes());
        self.put(&key, &number.to_be_bytes())?;
        self.tables.insert(name.to_owned(), TableId(number));
        Ok(())
    }

    fn load_positions(&mut self) -> Result<(), StateError> {
        if let Some(bytes) = self.db.get(&meta_key(COMMITTED_AT)).map_err(|cause| self.error(cause))? {
            self.committed_at = Decoder::new(&bytes).i64()?;
            self.committed_at_in_store = self.committed_at;
        }
        for table in self.tables.values() {
            let bytes = self.db.get(&position_key(*table)).map_err(|cause| self.error(cause))?;
            if let Some(bytes) = bytes {
                self.positions.insert(*table, Offset(Decoder::new(&bytes).i64()?));
            }
            let layout = self.db.get(&layout_key(*table)).map_err(|cause| self.error(cause))?;
            if let Some(layout) = layout {
                self.layouts.insert(*table, String::from_utf8_lossy(&layout).into_owned());
            }
        }
        Ok(())
    }

    pub fn table(&self, name: &str) -> Option<TableId> {
        self.tables.get(name).copied()
    }

    pub fn get(&self, table: TableId, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        let whole = table_key(table, key);
        match self.buffer.get(&whole) {
            Some(value) => Ok(value.map(<[u8]>::to_vec)),
            None => self.db.get(&whole).map_err(|cause| self.error(cause)),
        }
    }

    /// Gives `visit` the index of each key and what is stored for it, in one batched read.
    pub fn multi_get(
        &self,
        table: TableId,
        keys: &[&[u8]],
        visit: &mut dyn FnMut(usize, Option<&[u8]>),
    ) -> Result<(), StateError> {
        let mut missed: Vec<usize> = Vec::new();
        let mut whole: Vec<Vec<u8>> = Vec::new();
        for (index, key) in keys.iter().enumerate() {
            let key = table_key(table, key);
            match self.buffer.get(&key) {
                Some(value) => visit(index, value),
                None => {
                    missed.push(index);
                    whole.push(key);
                }
            }
        }
        self.db
            .multi_get(&whole, &mut |index, value| visit(missed[index], value))
            .map_err(|cause| self.error(cause))
    }

    /// Gives `visit` the keys that begin with one of some prefixes, in no order. A key may come twice, and one that was deleted
    /// since the buffer was last written may come too.
    pub fn keys_with_prefixes<const N: usize>(
        &self,
        table: TableId,
        prefixes: &BTreeSet<[u8; N]>,
        visit: &mut dyn FnMut(&[u8]),
    ) -> Result<(), StateError> {
        let buffered = self.buffer.keys(table);
        buffered
            .filter(|key| key.first_chunk::<N>().is_some_and(|prefix| prefixes.contains(prefix)))
            .for_each(&mut *visit);
        for prefix in prefixes {
            let whole = table_key(table, prefix);
            self.scan(&whole, &whole, &mut |key, _| {
                visit(&key[2..]);
                true
            })?;
        }
        Ok(())
    }

    /// Gives `visit` the keys from `from` on, in order, until it returns false: as they were when the buffer was last written
    /// (see [`Store::flush`]).
    pub fn scan_from(
        &self,
        table: TableId,
        from: &[u8],
        visit: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StateError> {
        self.scan(&table_key(table, from), &table.0.to_be_bytes(), &mut |key, value| visit(&key[2..], value))
    }

    fn scan(
        &self,
        from: &[u8],
        prefix: &[u8],
        visit: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StateError> {
        self.db.forward(from, end_of_prefix(prefix), visit).map_err(|cause| self.error(cause))
    }

    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StateError> {
        self.db.write(&mut |change| change(Change::Put(key, value))).map_err(|cause| self.error(cause))
    }

    /// The keys of a table that were committed since the buffer was last written, which [`Store::scan_from`] does not see: in no order, and
    /// deleted ones, too.
    pub fn unwritten_keys(&self, table: TableId) -> impl Iterator<Item = &[u8]> {
        self.buffer.keys(table)
    }

    /// What it takes on the disk, and in memory before it is written there.
    pub fn bytes(&self) -> u64 {
        self.db.bytes()
    }

    /// Is there no key in the table, when the buffer was last written?
    pub fn is_empty(&self, table: TableId) -> Result<bool, StateError> {
        let mut empty = true;
        self.scan_from(table, &[], &mut |_, _| {
            empty = false;
            false
        })?;
        Ok(empty)
    }

    /// Where the table's changelog goes on: the offset after the last record that the table holds. None: it was never written.
    pub fn position(&self, table: TableId) -> Option<Offset> {
        self.positions.get(&table).copied()
    }

    /// Does the table hold anything, or has it ever? (A position alone may be behind records that were never committed.) As of when the
    /// buffer was last written.
    pub fn has_state(&self, table: TableId) -> Result<bool, StateError> {
        Ok(self.layouts.contains_key(&table) || !self.is_empty(table)?)
    }

    /// When the store last agreed with the ends of its changelogs (seconds since 1970); 0: never.
    pub fn committed_at(&self) -> i64 {
        self.committed_at
    }

    /// The store agreed with its changelogs at `unix_seconds`; written with the next changes, or the next sync.
    pub fn set_committed_at(&mut self, unix_seconds: i64) {
        self.committed_at = self.committed_at.max(unix_seconds);
    }

    /// Every table that was ever opened here.
    pub fn tables(&self) -> impl Iterator<Item = (&str, TableId)> {
        self.tables.iter().map(|(name, table)| (name.as_str(), *table))
    }

    /// What the table's values look like, as [`Store::set_layout`] was told.
    pub fn layout(&self, table: TableId) -> Option<&str> {
        self.layouts.get(&table).map(String::as_str)
    }

    /// Written with the next changes.
    pub fn set_layout(&mut self, table: TableId, layout: &str) {
        self.layouts.insert(table, layout.to_owned());
        self.unwritten = true;
    }

    /// Takes in changes and the changelog positions that they lead to, all or nothing. Only ever called after the log has committed.
    pub fn commit(&mut self, writes: &WriteSet, positions: &[(TableId, Offset)]) -> Result<(), StateError> {
        for (table, next) in positions {
            let before = self.positions.insert(*table, *next);
            assert!(
                before.is_none_or(|before| before <= *next),
                "a position never goes back: {before:?} to {next:?}"
            );
        }
        self.unwritten |= !writes.is_empty() || !positions.is_empty();
        self.buffer.apply(writes);
        if self.buffer.bytes() > self.shared.share() { self.flush() } else { Ok(()) }
    }

    /// Writes what was committed so far into RocksDB: values and positions in one batch, so that they agree after any crash.
    pub fn flush(&mut self) -> Result<(), StateError> {
        if !self.unwritten {
            return Ok(());
        }
        let (buffer, positions, layouts) = (&self.buffer, &self.positions, &self.layouts);
        let (committed_at, number) = (self.committed_at, self.batches + 1);
        let mut batch = |change: &mut dyn FnMut(Change<'_>)| {
            // In the order of the keys, which is kind to the memtable.
            buffer.sorted(|key, value| match value {
                Some(value) => change(Change::Put(key, value)),
                None => change(Change::Delete(key)),
            });
            let mut bytes = Vec::new();
            for (table, next) in positions {
                bytes.clear();
                put_i64(&mut bytes, next.0);
                change(Change::Put(&position_key(*table), &bytes));
            }
            bytes.clear();
            put_i64(&mut bytes, committed_at);
            change(Change::Put(&meta_key(COMMITTED_AT), &bytes));
            for (table, layout) in layouts {
                change(Change::Put(&layout_key(*table), layout.as_bytes()));
            }
            for trace in chain::traces(number) {
                change(Change::Put(&meta_key(&[CHAIN, &trace[..]].concat()), &number.to_be_bytes()));
            }
        };
        self.db.write(&mut batch).map_err(|cause| store_error(&self.path, cause))?;
        self.committed_at_in_store = self.committed_at;
        self.batches = number;
        self.buffer.clear();
        self.unwritten = false;
        Ok(())
    }

    /// What was committed so far outlives a power failure, too. (A killed process loses nothing in any case.)
    pub fn sync(&mut self) -> Result<(), StateError> {
        self.unwritten |= self.committed_at != self.committed_at_in_store;
        self.flush()?;
        self.db.sync().map_err(|cause| self.error(cause))
    }

    /// Forgets a table's rows and position, to build it anew from the whole changelog.
    pub fn clear(&mut self, table: TableId) -> Result<(), StateError> {
        let (start, end) = (table.0.to_be_bytes(), (table.0 + 1).to_be_bytes());
        let mut batch = |change: &mut dyn FnMut(Change<'_>)| {
            change(Change::DeleteRange(&start, &end));
            change(Change::Delete(&position_key(table)));
            change(Change::Delete(&layout_key(table)));
        };
        self.db.write(&mut batch).map_err(|cause| self.error(cause))?;
        self.buffer.forget(table);
        self.positions.remove(&table);
        self.layouts.remove(&table);
        Ok(())
    }

    /// Everything in a table, for tests and tools.
    pub fn dump(&mut self, table: TableId) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StateError> {
        self.flush()?;
        let mut all = Vec::new();
        self.scan_from(table, &[], &mut |key, value| {
            all.push((key.to_vec(), value.to_vec()));
            true
        })?;
        Ok(all)
    }

    /// Loses what was not written, as a killed process does.
    #[cfg(test)]
    pub(crate) fn kill(mut self) {
        self.buffer.clear();
        self.unwritten = false;
    }

    fn error(&self, cause: DatabaseError) -> StateError {
        store_error(&self.path, cause)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // Whoever opens it next need not read the changelog for what is here.
        if let Err(error) = self.flush() {
            tracing::warn!("{error}; the changelog topics have it");
        }
        self.shared.stores.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(crate) fn table_key(table: TableId, key: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(key.len() + 2);
    whole.extend_from_slice(&table.0.to_be_bytes());
    whole.extend_from_slice(key);
    whole
}

fn meta_key(name: &[u8]) -> Vec<u8> {
    table_key(TableId(META), name)
}

fn position_key(table: TableId) -> Vec<u8> {
    let mut key = meta_key(b"position/");
    key.extend_from_slice(&table.0.to_be_bytes());
    key
}

fn layout_key(table: TableId) -> Vec<u8> {
    let mut key = meta_key(b"layout/");
    key.extend_from_slice(&table.0.to_be_bytes());
    key
}

/// The least key that is greater than all that begin with `prefix`; None: there is none.
pub(crate) fn end_of_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != 0xFF)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn tables_keep_their_rows_and_positions_whatever_their_order() {
        let dir = tempfile::tempdir().expect("a directory");
        let shared = Shared::new(16 << 20);
        let mut store = Store::open(dir.path(), &shared, &names(&["a", "b"])).expect("opens");
        let (a, b) = (store.table("a").expect("made"), store.table("b").expect("made"));
        let mut writes = WriteSet::default();
        writes.put(a, b"k", b"in a");
        writes.put(b, b"k", b"in b");
        store.commit(&writes, &[(a, Offset(7))]).expect("commits");
        drop(store);

        let store = Store::open(dir.path(), &shared, &names(&["c", "b", "a"])).expect("opens again");
        assert_eq!((store.table("a"), store.table("b")), (Some(a), Some(b)));
        assert_eq!(store.get(a, b"k").expect("reads").as_deref(), Some(&b"in a"[..]));
        assert_eq!(store.get(b, b"k").expect("reads").as_deref(), Some(&b"in b"[..]));
        assert_eq!((store.position(a), store.position(b)), (Some(Offset(7)), None));
    }

    #[test]
    fn scans_stay_in_their_table_and_prefix() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut store = Store::open(dir.path(), &Shared::new(16 << 20), &names(&["a", "b"])).expect("opens");
        let (a, b) = (store.table("a").expect("made"), store.table("b").expect("made"));
        let mut writes = WriteSet::default();
        for key in [&b"x1"[..], b"x2", b"y", b"\xFF\xFF"] {
            writes.put(a, key, b"");
        }
        writes.put(b, b"x3", b"");
        store.commit(&writes, &[]).expect("commits");
        let seen = |store: &Store, prefixes: &[[u8; 1]]| {
            let mut seen = BTreeSet::new();
            let prefixes = prefixes.iter().copied().collect();
            let mut visit = |key: &[u8]| {
                seen.insert(key.to_vec());
            };
            store.keys_with_prefixes(a, &prefixes, &mut visit).expect("scans");
            seen
        };
        let right: BTreeSet<Vec<u8>> = [&b"x1"[..], b"x2", b"\xFF\xFF"].map(<[u8]>::to_vec).into();
        assert_eq!(seen(&store, &[*b"x", *b"\xFF"]), right, "from the buffer");
        store.flush().expect("writes");
        assert_eq!(seen(&store, &[*b"x", *b"\xFF"]), right, "from RocksDB");
        store.clear(a).expect("clears");
        assert!(store.is_empty(a).expect("scans") && !store.is_empty(b).expect("scans"));
    }
}
