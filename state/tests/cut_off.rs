//! A list of files (RocksDB's MANIFEST) that was cut off: RocksDB takes it for one that was not written to its end, and opens the database without
//! the files that the rest of the list names.

use std::fs;
use std::path::Path;
use tidegate_model::Offset;
use tidegate_state::{Shared, StateError, Store, WriteSet};

const BATCHES: i64 = 80;
const ROWS: i64 = 40;
/// So little that rows go to files again and again.
const MEMORY_BYTES: usize = 3 << 20;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("read") {
        let entry = entry.expect("read");
        fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
    }
}

#[test]
fn a_store_is_whole_up_to_its_position_or_found_damaged() {
    let dir = tempfile::tempdir().expect("a directory");
    let names = ["a".to_owned()];
    // As it is while it is at work, and as a killed process leaves it.
    let whole = dir.path().join("whole");
    {
        let path = dir.path().join("first/t/task");
        fs::create_dir_all(path.parent().expect("it has one")).expect("made");
        let mut store = Store::open(&path, &Shared::new(MEMORY_BYTES), &names).expect("opens");
        let table = store.table("a").expect("made");
        for batch in 0..BATCHES {
            let mut writes = WriteSet::default();
            for row in 0..ROWS {
                writes.put(table, &(batch * ROWS + row).to_be_bytes(), &[batch as u8; 1_000]);
            }
            store.commit(&writes, &[(table, Offset(batch + 1))]).expect("taken");
            store.flush().expect("written");
        }
        copy(&path, &whole);
    }
    let manifest = fs::read_dir(&whole).expect("read").map(|entry| entry.expect("read").file_name());
    let manifest = manifest
        .into_iter()
        .find(|name| name.to_string_lossy().starts_with("MANIFEST"))
        .expect("there is one");
    let length = fs::metadata(whole.join(&manifest)).expect("it is there").len() as usize;
    let (mut right, mut damaged) = (0, 0);
    for cut in (0..length).step_by(29).chain([length]) {
        let path = dir.path().join("again/t/task");
        let _ = fs::remove_dir_all(&path);
        copy(&whole, &path);
        let bytes = fs::read(path.join(&manifest)).expect("read");
        fs::write(path.join(&manifest), &bytes[..cut]).expect("written");
        let mut store = match Store::open(&path, &Shared::new(MEMORY_BYTES), &names) {
            Ok(store) => store,
            Err(StateError::Damaged { cause, .. }) if cause.contains("newer batches are") => {
                damaged += 1;
                continue;
            }
            Err(_) => continue,
        };
        let table = store.table("a").expect("made");
        let position = store.position(table).map_or(0, |position| position.0);
        let rows = store.dump(table).expect("read").len() as i64;
        assert_eq!(rows, position * ROWS, "cut to {cut} of {length} bytes, at position {position}");
        right += 1;
    }
    println!("cut off at each 29th of {length} bytes: {right} are right, {damaged} lack something");
    assert!(right > 0 && damaged > 0, "{right} are right, {damaged} lack something");
}
