//! Which directory holds what: `<data>/<topology>/` is one process's, under a lock; each task's store is a folder in it.

use crate::StateError;
use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use tidegate_model::TaskId;

const MARKER: &str = "TIDEGATE";
const INSTANCE: &str = "instance";
const OWNER_ONLY: u32 = 0o700;
const GLOBAL: &str = "global-";
const NAME_BYTES_MAX: usize = 200;

/// A topology's state on this machine. No other process has it open.
#[derive(Debug)]
pub struct StateDir {
    path: PathBuf,
    instance: String,
    /// Tasks whose stores are waited for.
    asked_for: Mutex<BTreeSet<TaskId>>,
    /// Held for its lock, which the system releases however the process ends.
    _lock: File,
}

impl StateDir {
    /// Opens `<root>/<topology>`, or makes it (mode 0700), and locks it.
    pub fn open(root: &Path, topology: &str) -> Result<StateDir, StateError> {
        check_name(topology)?;
        let path = root.join(topology);
        let io = |cause: std::io::Error| StateError::Io { path: path.display().to_string(), cause };
        own_directory(&path)?;
        let marker = path.join(MARKER);
        if !marker.exists() && fs::read_dir(&path).map_err(io)?.next().is_some() {
            return Err(StateError::Foreign { path: path.display().to_string() });
        }
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .custom_flags(libc::O_NOFOLLOW)
            .open(&marker)
            .map_err(io)?;
        if !try_lock(&lock) {
            return Err(StateError::Locked { path: path.display().to_string() });
        }
        let instance = instance_id(&path.join(INSTANCE)).map_err(io)?;
        // Their topics may have been made anew since, which no position tells.
        for entry in fs::read_dir(&path).map_err(io)? {
            let entry = entry.map_err(io)?;
            if is_global(&entry.path()) {
                fs::remove_dir_all(entry.path()).map_err(io)?;
            }
        }
        Ok(StateDir { path, instance, asked_for: Mutex::default(), _lock: lock })
    }

    /// Random once, then the same for as long as the directory lives: names this process to the broker, so that a process that is
    /// killed and started again takes its own place.
    pub fn instance(&self) -> &str {
        &self.instance
    }

    pub fn task_path(&self, task: TaskId) -> PathBuf {
        self.path.join(format!("task-{task}"))
    }

    /// The store of a worker's global tables, which lives as long as the process.
    pub fn global_path(&self, number: u32) -> PathBuf {
        self.path.join(format!("{GLOBAL}{number}"))
    }

    /// A worker waits for the store of its task, or does no more. Whoever has it open only for a copy closes it.
    pub fn ask_for(&self, task: TaskId, waits: bool) {
        let mut asked_for = self.asked_for();
        if waits {
            asked_for.insert(task);
        } else {
            asked_for.remove(&task);
        }
    }

    /// For a process that begins anew in a directory that stayed open, which only simulations do.
    pub fn forget_asks(&self) {
        self.asked_for().clear();
    }

    pub fn is_asked_for(&self, task: TaskId) -> bool {
        self.asked_for().contains(&task)
    }

    fn asked_for(&self) -> MutexGuard<'_, BTreeSet<TaskId>> {
        self.asked_for.lock().expect("no holder of this lock panics")
    }

    /// The tasks' stores that are there.
    pub fn task_paths(&self) -> std::io::Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with("task-") {
                paths.push(entry.path());
            }
        }
        paths.sort();
        Ok(paths)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Is it the store of a worker's global tables?
pub fn is_global(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(GLOBAL))
}

/// Makes a directory that nobody else can read (mode 0700), or makes it so: what is in it is other people's data. One that leads elsewhere,
/// or that somebody else made, is not one's own.
pub fn own_directory(path: &Path) -> Result<(), StateError> {
    let shown = || path.display().to_string();
    let io = |cause: std::io::Error| StateError::Io { path: shown(), cause };
    DirBuilder::new().recursive(true).mode(OWNER_ONLY).create(path).map_err(io)?;
    let found = fs::symlink_metadata(path).map_err(io)?;
    if !found.is_dir() {
        return Err(StateError::Link { path: shown() });
    }
    let own = own_user();
    if own != ROOT && found.uid() != own {
        return Err(StateError::Owner { path: shown(), owner: found.uid() });
    }
    if found.permissions().mode() & 0o777 != OWNER_ONLY {
        fs::set_permissions(path, fs::Permissions::from_mode(OWNER_ONLY)).map_err(io)?;
    }
    Ok(())
}

const ROOT: u32 = 0;

#[expect(unsafe_code, reason = "the standard library does not tell whose process it is")]
fn own_user() -> u32 {
    // SAFETY: the call takes nothing and cannot fail.
    unsafe { libc::geteuid() }
}

#[expect(
    unsafe_code,
    reason = "flock has no wrapper in the standard library that the oldest supported Rust knows"
)]
fn try_lock(file: &File) -> bool {
    // SAFETY: the descriptor is open for as long as `file` lives, and flock reads nothing else.
    unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) == 0 }
}

fn instance_id(path: &Path) -> std::io::Result<String> {
    if let Ok(text) = fs::read_to_string(path)
        && text.len() == 16
    {
        return Ok(text);
    }
    let mut bytes = [0u8; 8];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let unfinished = path.with_extension("new");
    let mut file = File::create(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    Ok(text)
}

/// Names become parts of paths: nothing else than these characters, and neither `.` nor `..`.
pub fn check_name(name: &str) -> Result<(), StateError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let fits = (1..=NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(allowed)
        && name != "."
        && name != "..";
    if fits { Ok(()) } else { Err(StateError::Name { name: name.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_one_owner_and_keeps_its_name() {
        let root = tempfile::tempdir().expect("a directory");
        let first = StateDir::open(root.path(), "fraud").expect("opens");
        let second = StateDir::open(root.path(), "fraud");
        assert!(matches!(second, Err(StateError::Locked { .. })), "{second:?}");
        let instance = first.instance().to_owned();
        drop(first);
        assert_eq!(StateDir::open(root.path(), "fraud").expect("opens again").instance(), instance);
    }

    #[test]
    fn names_cannot_leave_the_directory() {
        for name in ["", ".", "..", "a/b", "a\0", "ä", &"a".repeat(201)] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
        assert!(check_name("payment_volume-2.0").is_ok());
    }

    #[test]
    fn only_its_owner_can_get_at_it() {
        let root = tempfile::tempdir().expect("a directory");
        let mode =
            || fs::metadata(root.path().join("state/fraud")).expect("there").permissions().mode() & 0o777;
        drop(StateDir::open(&root.path().join("state"), "fraud").expect("opens"));
        assert_eq!(mode(), 0o700);
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(root.path().join("state/fraud"), open).expect("set");
        drop(StateDir::open(&root.path().join("state"), "fraud").expect("opens"));
        assert_eq!(mode(), 0o700, "what was open to others is closed");
    }

    #[test]
    fn links_are_not_followed() {
        let root = tempfile::tempdir().expect("a directory");
        fs::create_dir(root.path().join("elsewhere")).expect("made");
        std::os::unix::fs::symlink(root.path().join("elsewhere"), root.path().join("fraud")).expect("linked");
        assert!(matches!(StateDir::open(root.path(), "fraud"), Err(StateError::Link { .. })));
        fs::create_dir(root.path().join("other")).expect("made");
        std::os::unix::fs::symlink(root.path().join("victim"), root.path().join("other/TIDEGATE"))
            .expect("linked");
        assert!(StateDir::open(root.path(), "other").is_err());
        assert!(!root.path().join("victim").exists(), "nothing was made behind the link");
    }

    #[test]
    fn a_directory_of_somebody_else_is_left_alone() {
        let root = tempfile::tempdir().expect("a directory");
        fs::create_dir(root.path().join("fraud")).expect("made");
        fs::write(root.path().join("fraud/precious"), "x").expect("written");
        assert!(matches!(StateDir::open(root.path(), "fraud"), Err(StateError::Foreign { .. })));
    }
}
