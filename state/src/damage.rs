//! Stores whose files are damaged, or are another task's: they are told from errors that pass, and are not read again.

use crate::StateError;
use crate::database::{DatabaseError, Fault};
use std::fs;
use std::path::Path;

/// A file beside the database's own: damage was found while the store was at work.
const MARKER: &str = "DAMAGED";

/// What the database said, by what helps. Where it is damage, it is noted for the next who opens the store.
pub(crate) fn store_error(path: &Path, error: DatabaseError) -> StateError {
    let (path_text, DatabaseError { cause, fault }) = (path.display().to_string(), error);
    match fault {
        Fault::Held => return StateError::Held { path: path_text },
        Fault::Other => return StateError::Store { path: path_text, cause },
        Fault::Damage => {}
    }
    // Without the note the next one finds it by itself, a little later.
    let _ = fs::write(path.join(MARKER), &cause);
    StateError::Damaged { path: path_text, cause }
}

/// Was damage found here before?
pub(crate) fn check(path: &Path) -> Result<(), StateError> {
    match fs::read_to_string(path.join(MARKER)) {
        Ok(cause) => Err(StateError::Damaged { path: path.display().to_string(), cause }),
        Err(_) => Ok(()),
    }
}

/// Topology and task, which are the last two parts of a store's path.
pub(crate) fn owner(path: &Path) -> String {
    let parts: Vec<String> =
        path.iter().rev().take(2).map(|part| part.to_string_lossy().into_owned()).collect();
    parts.into_iter().rev().collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Shared, Store, WriteSet};
    use tidegate_model::Offset;

    /// What is in the log goes to a file, as it does when there is enough of it.
    fn to_files(path: &Path) {
        let mut options = rocksdb::Options::default();
        options.create_if_missing(true);
        rocksdb::DB::open(&options, path).expect("opens").flush().expect("in files");
    }

    fn filled(path: &Path, shared: &Shared) {
        let mut store = Store::open(path, shared, &["a".to_owned()]).expect("opens");
        let table = store.table("a").expect("made");
        let mut writes = WriteSet::default();
        for n in 0..2_000u32 {
            writes.put(table, &n.to_be_bytes(), &[7; 100]);
        }
        store.commit(&writes, &[(table, Offset(9))]).expect("taken");
        store.flush().expect("written");
        drop(store);
        to_files(path);
    }

    #[test]
    fn damaged_files_are_found_when_they_are_read_and_never_opened_again() {
        let dir = tempfile::tempdir().expect("a directory");
        let (path, shared) = (dir.path().join("task"), Shared::new(16 << 20));
        filled(&path, &shared);
        let files = fs::read_dir(&path).expect("read").map(|entry| entry.expect("read").path());
        for file in files.filter(|file| file.extension().is_some_and(|end| end == "sst")) {
            let mut bytes = fs::read(&file).expect("read");
            bytes[500] ^= 0x55;
            fs::write(&file, bytes).expect("written");
        }
        let found = Store::open(&path, &shared, &["a".to_owned()]).and_then(|mut store| {
            let table = store.table("a").expect("made");
            store.dump(table).map(drop)
        });
        assert!(matches!(found, Err(StateError::Damaged { .. })), "{found:?}");
        let again = Store::open(&path, &shared, &["a".to_owned()]).map(drop);
        assert!(matches!(again, Err(StateError::Damaged { .. })), "{again:?}");
        shared.remove(&path).expect("removed");
        let anew = Store::open(&path, &shared, &["a".to_owned()]).expect("opens");
        assert_eq!(anew.position(anew.table("a").expect("made")), None);
    }

    #[test]
    fn a_store_of_another_task_is_not_read() {
        let dir = tempfile::tempdir().expect("a directory");
        let shared = Shared::new(16 << 20);
        filled(&dir.path().join("t/task-0_0"), &shared);
        fs::rename(dir.path().join("t/task-0_0"), dir.path().join("t/task-0_1")).expect("renamed");
        let other = Store::open(&dir.path().join("t/task-0_1"), &shared, &[]).map(drop);
        let Err(StateError::Damaged { cause, .. }) = other else { panic!("{other:?}") };
        assert_eq!(cause, "it is the store of t/task-0_0");
    }
}
