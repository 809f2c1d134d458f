//! Kept files: what a stream gave in a test, at `snapshots/<file>/<test>.<stream>.ndjson` beside the topology file. Both spellings of a
//! topology share them.

use super::compare;
use super::looked::Looked;
use crate::load;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tidegate_model::test_case::TestCase;

fn folder(topology: &Path) -> PathBuf {
    load::snapshots_dir(topology).join(topology.file_stem().unwrap_or_default())
}

pub fn path(topology: &Path, case: &TestCase, stream: &str) -> PathBuf {
    folder(topology).join(case.snapshot_file(stream))
}

/// Compares rows with a kept file, or keeps them there. Gives the file's name if it was written.
pub fn compare(
    path: &Path,
    rows: &[String],
    accept: bool,
    looked: &Looked,
) -> Result<Option<String>, String> {
    let text = rows.iter().map(|row| format!("{row}\n")).collect::<String>();
    looked.at(path);
    let kept = match std::fs::read_to_string(path) {
        Ok(kept) => Some(kept),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    if kept.as_ref() == Some(&text) {
        return Ok(None);
    }
    if accept {
        let dir = path.parent().expect("a snapshot lies in a folder");
        std::fs::create_dir_all(dir)
            .and_then(|()| std::fs::write(path, &text))
            .map_err(|error| format!("{}: {error}", path.display()))?;
        looked.changed_here(path);
        return Ok(Some(path.display().to_string()));
    }
    let shown = |text: &str| if text.is_empty() { "(no rows)\n".to_owned() } else { text.to_owned() };
    let Some(kept) = kept else {
        return Err(format!(
            "there is no snapshot yet; `--accept` keeps this as {}:\n{}",
            path.display(),
            shown(&text)
        ));
    };
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let differs =
        if sorted(&kept) == sorted(&text) { "has the same rows in another order" } else { "differs" };
    Err(format!(
        "the snapshot {} {differs} (`--accept` keeps the new one):\n{}(- kept, + came)\n",
        path.display(),
        compare::lines(&shown(&kept), &shown(&text))
    ))
}

/// The kept files that no test of the topology has, in either spelling. Where the other spelling cannot be read, nobody knows.
pub fn unused(
    topology: &Path,
    tests: &[TestCase],
    params: &load::Params,
    looked: &Looked,
) -> BTreeSet<PathBuf> {
    let mut wanted: BTreeSet<String> = tests.iter().flat_map(TestCase::snapshot_files).collect();
    let files = kept_files(&folder(topology));
    if files.iter().all(|(name, _)| wanted.contains(name)) {
        return BTreeSet::new();
    }
    for spelling in ["tide", "yaml", "yml"] {
        let other = topology.with_extension(spelling);
        if other == topology || !other.is_file() {
            continue;
        }
        match load::load(&other, params) {
            Ok(compiled) if compiled.plan.is_some() => {
                wanted.extend(compiled.tests.iter().flat_map(TestCase::snapshot_files));
            }
            _ => return BTreeSet::new(),
        }
    }
    let unused: BTreeSet<PathBuf> =
        files.into_iter().filter(|(name, _)| !wanted.contains(name)).map(|(_, path)| path).collect();
    unused.iter().for_each(|path| looked.at(path));
    unused
}

fn kept_files(folder: &Path) -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()));
    files.filter(|(name, path)| name.ends_with(".ndjson") && path.is_file()).collect()
}

/// Removes a kept file, and its folder if nothing else is in it.
pub fn remove(path: &Path, looked: &Looked) -> std::io::Result<()> {
    std::fs::remove_file(path)?;
    looked.changed_here(path);
    if let Some(folder) = path.parent() {
        // It is refused where there are others.
        let _ = std::fs::remove_dir(folder);
    }
    Ok(())
}
