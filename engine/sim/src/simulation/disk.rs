//! The disk of a simulated process: databases whose batches are there as a whole or not at all, and that lose what was not synced when the
//! power fails.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tidegate_state::database::{Batch, Change, Database, DatabaseError, Disk, Fault, Visit};
use tidegate_state::layout::is_global;

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

enum Owned {
    Put(Vec<u8>, Vec<u8>),
    Delete(Vec<u8>),
    DeleteRange(Vec<u8>, Vec<u8>),
}

fn apply(rows: &mut Rows, change: &Owned) {
    match change {
        Owned::Put(key, value) => drop(rows.insert(key.clone(), value.clone())),
        Owned::Delete(key) => drop(rows.remove(key)),
        Owned::DeleteRange(from, to) => {
            let gone: Vec<Vec<u8>> =
                rows.range(from.clone()..to.clone()).map(|(key, _)| key.clone()).collect();
            gone.iter().for_each(|key| drop(rows.remove(key)));
        }
    }
}

#[derive(Default)]
struct Directory {
    rows: Rows,
    synced: Rows,
    /// The batches since then.
    unsynced: Vec<Vec<Owned>>,
    open: bool,
    damaged: bool,
}

#[derive(Default)]
struct Content {
    directories: BTreeMap<PathBuf, Directory>,
    /// As everything was at an earlier moment.
    copy: Option<BTreeMap<PathBuf, Rows>>,
    full: bool,
    failing: bool,
}

/// One process's; what a dead process still holds open does nothing any more.
#[derive(Clone, Default)]
pub struct SimDisk {
    content: Arc<RwLock<Content>>,
    life: Arc<AtomicBool>,
}

impl SimDisk {
    fn content(&self) -> RwLockWriteGuard<'_, Content> {
        self.content.write().expect("no holder of this lock panics")
    }

    /// Whoever looks through a database may read from it meanwhile.
    fn look(&self) -> RwLockReadGuard<'_, Content> {
        self.content.read().expect("no holder of this lock panics")
    }

    pub fn is_alive(&self) -> bool {
        self.life.load(Ordering::SeqCst)
    }

    /// The same disk, for the next process, which begins without global tables (`StateDir::open`).
    pub fn restart(&self) -> SimDisk {
        self.kill();
        let mut content = self.content();
        content.directories.retain(|path, _| !is_global(path));
        content.directories.values_mut().for_each(|directory| directory.open = false);
        drop(content);
        SimDisk { content: Arc::clone(&self.content), life: Arc::new(AtomicBool::new(true)) }
    }

    /// From now on the process does nothing.
    pub fn kill(&self) {
        self.life.store(false, Ordering::SeqCst);
    }

    /// Of what was not synced, so many batches of each database stay.
    pub fn lose_power(&self, keep: &mut dyn FnMut(usize) -> usize) {
        for directory in self.content().directories.values_mut() {
            let kept = keep(directory.unsynced.len());
            directory.unsynced.truncate(kept);
            directory.rows = directory.synced.clone();
            let changes = directory.unsynced.iter().flatten();
            for change in changes {
                apply(&mut directory.rows, change);
            }
        }
    }

    pub fn lose_everything(&self) {
        self.content().directories.clear();
    }

    /// Remembers everything as it is.
    pub fn copy(&self) {
        let mut content = self.content();
        let all = content.directories.iter();
        content.copy = Some(all.map(|(path, directory)| (path.clone(), directory.rows.clone())).collect());
    }

    /// Brings back what was remembered. False: nothing was.
    pub fn bring_back(&self) -> bool {
        let mut content = self.content();
        let Some(copy) = content.copy.clone() else { return false };
        let directory = |rows: Rows| Directory { synced: rows.clone(), rows, ..Directory::default() };
        content.directories = copy.into_iter().map(|(path, rows)| (path, directory(rows))).collect();
        true
    }

    /// From now on nothing can be read or written, or it can again.
    pub fn fail(&self, failing: bool) {
        self.content().failing = failing;
    }

    /// One database's files are damaged. `pick`: which of so many.
    pub fn damage(&self, pick: &mut dyn FnMut(usize) -> usize) {
        let mut content = self.content();
        let count = content.directories.len();
        if count > 0 {
            let directory = content.directories.values_mut().nth(pick(count)).expect("one of them");
            directory.damaged = true;
        }
    }

    /// From now on writes fail, or succeed again.
    pub fn fill(&self, full: bool) {
        self.content().full = full;
    }
}

impl Disk for SimDisk {
    fn open(&self, path: &Path) -> Result<Box<dyn Database>, DatabaseError> {
        if !self.is_alive() {
            return Err(failed("the process was killed"));
        }
        let mut content = self.content();
        if content.failing {
            return Err(failed(IO_ERROR));
        }
        if content.full {
            return Err(failed("no space left on device"));
        }
        let directory = content.directories.entry(path.to_owned()).or_default();
        if directory.open {
            return Err(DatabaseError { cause: "open already".to_owned(), fault: Fault::Held });
        }
        if directory.damaged {
            return Err(damage());
        }
        directory.open = true;
        drop(content);
        Ok(Box::new(Opened { disk: self.clone(), path: path.to_owned() }))
    }

    fn remove(&self, path: &Path) -> std::io::Result<()> {
        let removed = self.content().directories.remove(path);
        assert!(removed.is_some_and(|directory| !directory.open), "it is there, and not open");
        Ok(())
    }
}

/// How a disk that fails is told of.
pub const IO_ERROR: &str = "input/output error";

fn damage() -> DatabaseError {
    DatabaseError { cause: "block checksum mismatch".to_owned(), fault: Fault::Damage }
}

fn failed(cause: &str) -> DatabaseError {
    DatabaseError { cause: cause.to_owned(), fault: Fault::Other }
}

struct Opened {
    disk: SimDisk,
    path: PathBuf,
}

impl Opened {
    fn alive(&self) -> Result<(), DatabaseError> {
        if self.disk.is_alive() { Ok(()) } else { Err(failed("the process was killed")) }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Content) -> T) -> Result<T, DatabaseError> {
        self.alive()?;
        if self.disk.look().failing {
            return Err(failed(IO_ERROR));
        }
        Ok(work(&mut self.disk.content()))
    }

    fn rows<T>(&self, work: impl FnOnce(&Rows) -> T) -> Result<T, DatabaseError> {
        self.alive()?;
        let content = self.disk.look();
        if content.failing {
            return Err(failed(IO_ERROR));
        }
        let directory = &content.directories[&self.path];
        if directory.damaged { Err(damage()) } else { Ok(work(&directory.rows)) }
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        if self.disk.is_alive()
            && let Some(directory) = self.disk.content().directories.get_mut(&self.path)
        {
            directory.open = false;
        }
    }
}

impl Database for Opened {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, DatabaseError> {
        self.rows(|rows| rows.get(key).cloned())
    }

    fn multi_get(
        &self,
        keys: &[Vec<u8>],
        visit: &mut dyn FnMut(usize, Option<&[u8]>),
    ) -> Result<(), DatabaseError> {
        self.rows(|rows| {
            for (index, key) in keys.iter().enumerate() {
                visit(index, rows.get(key).map(Vec::as_slice));
            }
        })
    }

    fn forward(&self, from: &[u8], end: Option<Vec<u8>>, visit: &mut Visit<'_>) -> Result<(), DatabaseError> {
        self.rows(|rows| {
            let is_before = |key: &[u8]| end.as_deref().is_none_or(|end| key < end);
            for (key, value) in rows.range(from.to_vec()..).take_while(|(key, _)| is_before(key)) {
                if !visit(key, value) {
                    return;
                }
            }
        })
    }

    fn backward(&self, from: &[u8], least: Vec<u8>, visit: &mut Visit<'_>) -> Result<(), DatabaseError> {
        self.rows(|rows| {
            for (key, value) in rows.range(..=from.to_vec()).rev().take_while(|(key, _)| **key >= least) {
                if !visit(key, value) {
                    return;
                }
            }
        })
    }

    fn write(&mut self, batch: &mut Batch<'_>) -> Result<(), DatabaseError> {
        self.with(|content| {
            if content.full {
                return Err(failed("no space left on device"));
            }
            let mut changes = Vec::new();
            batch(&mut |change| {
                changes.push(match change {
                    Change::Put(key, value) => Owned::Put(key.to_vec(), value.to_vec()),
                    Change::Delete(key) => Owned::Delete(key.to_vec()),
                    Change::DeleteRange(from, to) => Owned::DeleteRange(from.to_vec(), to.to_vec()),
                })
            });
            let directory = content.directories.get_mut(&self.path).expect("it was opened");
            changes.iter().for_each(|change| apply(&mut directory.rows, change));
            directory.unsynced.push(changes);
            Ok(())
        })?
    }

    fn sync(&mut self) -> Result<(), DatabaseError> {
        self.with(|content| {
            let directory = content.directories.get_mut(&self.path).expect("it was opened");
            for change in directory.unsynced.drain(..).flatten() {
                apply(&mut directory.synced, &change);
            }
        })
    }

    fn bytes(&self) -> u64 {
        let size = |rows: &Rows| rows.iter().map(|(key, value)| (key.len() + value.len()) as u64).sum();
        self.rows(size).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(database: &mut Box<dyn Database>, key: &[u8], value: &[u8]) -> Result<(), DatabaseError> {
        database.write(&mut |change| change(Change::Put(key, value)))
    }

    #[test]
    fn a_power_failure_takes_what_was_not_synced_and_a_kill_does_not() {
        let disk = SimDisk::default().restart();
        let path = Path::new("t");
        let mut database = disk.open(path).expect("opens");
        assert!(disk.open(path).is_err_and(|cause| cause.fault == Fault::Held));
        put(&mut database, b"a", b"1").expect("written");
        database.sync().expect("synced");
        put(&mut database, b"a", b"2").expect("written");
        put(&mut database, b"b", b"1").expect("written");

        let next = disk.restart();
        assert!(put(&mut database, b"a", b"3").is_err(), "by a dead process");
        let killed = next.open(path).expect("opens");
        assert_eq!(killed.get(b"a").expect("reads").as_deref(), Some(&b"2"[..]));
        next.lose_power(&mut |batches| batches - 1);
        assert_eq!(killed.get(b"a").expect("reads").as_deref(), Some(&b"2"[..]));
        assert_eq!(killed.get(b"b").expect("reads"), None);
        next.lose_power(&mut |_| 0);
        assert_eq!(killed.get(b"a").expect("reads").as_deref(), Some(&b"1"[..]));
    }

    #[test]
    fn a_full_disk_takes_nothing() {
        let disk = SimDisk::default().restart();
        let mut database = disk.open(Path::new("t")).expect("opens");
        disk.fill(true);
        assert!(put(&mut database, b"a", b"1").is_err());
        disk.fill(false);
        assert_eq!(database.get(b"a").expect("reads"), None);
    }
}
