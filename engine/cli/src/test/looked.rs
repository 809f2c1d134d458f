//! The files that a run of the tests has looked at, each as it was just before.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// By which a change of a file is seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stamp {
    Missing,
    There { modified: Option<SystemTime>, bytes: u64 },
}

impl Stamp {
    fn of(path: &Path) -> Stamp {
        match std::fs::metadata(path) {
            Ok(file) => Stamp::There { modified: file.modified().ok(), bytes: file.len() },
            Err(_) => Stamp::Missing,
        }
    }
}

#[derive(Default)]
pub struct Looked(RefCell<BTreeMap<PathBuf, Stamp>>);

impl Looked {
    /// To be called before the file is read: what is written while it is read is a change then.
    pub fn at(&self, path: &Path) {
        self.0.borrow_mut().entry(path.to_owned()).or_insert_with(|| Stamp::of(path));
    }

    /// The tests themselves have written or removed it, which is no change.
    pub fn changed_here(&self, path: &Path) {
        self.0.borrow_mut().insert(path.to_owned(), Stamp::of(path));
    }

    pub fn count(&self) -> usize {
        self.0.borrow().len()
    }

    /// The files that are not as they were, with what they are now.
    pub fn changes(&self) -> BTreeMap<PathBuf, Stamp> {
        let files = self.0.borrow();
        let now = files.iter().map(|(path, before)| (path, before, Stamp::of(path)));
        now.filter(|(_, before, now)| *before != now).map(|(path, _, now)| (path.clone(), now)).collect()
    }
}
