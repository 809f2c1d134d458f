//! What a store needs of the database below it: keys in the order of their bytes, and batches that are there as a whole or not at all.

use std::path::Path;

/// One change of a batch.
pub enum Change<'a> {
    Put(&'a [u8], &'a [u8]),
    Delete(&'a [u8]),
    /// From one key (included) to another (not included).
    DeleteRange(&'a [u8], &'a [u8]),
}

/// Gives the changes of a batch, in order, to whom it is told.
pub type Batch<'a> = dyn FnMut(&mut dyn FnMut(Change<'_>)) + 'a;

/// Gets the keys of a scan, and what is stored for them, until it returns false.
pub type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> bool + 'a;

/// What a database says, in its own words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DatabaseError {
    pub cause: String,
    pub fault: Fault,
}

/// What helps against it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Somebody in this process has the database open: to wait.
    Held,
    /// Its files are damaged: to make it anew.
    Damage,
    /// Whatever else keeps it from being read or written.
    Other,
}

/// The database of one store.
pub trait Database: Send {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, DatabaseError>;

    /// Gives `visit` the index of each key and what is stored for it.
    fn multi_get(
        &self,
        keys: &[Vec<u8>],
        visit: &mut dyn FnMut(usize, Option<&[u8]>),
    ) -> Result<(), DatabaseError>;

    /// From a key on, in order, up to (not including) `end`.
    fn forward(&self, from: &[u8], end: Option<Vec<u8>>, visit: &mut Visit<'_>) -> Result<(), DatabaseError>;

    /// From the last key that is not behind `from`, in the other order, down to `least` (included).
    fn backward(&self, from: &[u8], least: Vec<u8>, visit: &mut Visit<'_>) -> Result<(), DatabaseError>;

    /// All of the batch, or nothing. It outlives the process, but not a power failure.
    fn write(&mut self, batch: &mut Batch<'_>) -> Result<(), DatabaseError>;

    /// What was written outlives a power failure, too.
    fn sync(&mut self) -> Result<(), DatabaseError>;

    /// What it takes on the disk, and in memory before it is written there.
    fn bytes(&self) -> u64;
}

/// Where databases are: RocksDB on a disk, or a simulation of it.
pub trait Disk: Send + Sync {
    /// Opens the database in `path`, or makes it. One that is open already is [`Fault::Held`].
    fn open(&self, path: &Path) -> Result<Box<dyn Database>, DatabaseError>;

    /// Deletes the database in `path`, which is not open.
    fn remove(&self, path: &Path) -> std::io::Result<()>;
}
