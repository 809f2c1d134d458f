//! `--watch`: the tests run again when a file that they looked at has changed.

use super::looked::{Looked, Stamp};
use crate::{OK, UNUSABLE, print, signals};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

const POLL: Duration = Duration::from_millis(200);
/// An editor writes a file in several steps: it is read when nothing has changed for so long.
const QUIET: Duration = Duration::from_millis(50);
/// A file that is gone is most often about to be put in place of; it is waited for so many times [`QUIET`].
const WAITS_MAX: u32 = 20;

/// Runs `round` until a signal comes. `round` notes what it looks at.
pub fn watch(mut round: impl FnMut(&Looked)) -> u8 {
    let (stop, stopped) = channel::<()>();
    // Nothing is sent: the signal's end of the channel goes away.
    if let Err(error) = signals::at_first(move || drop(stop)) {
        eprintln!("error: {error:#}");
        return UNUSABLE;
    }
    loop {
        let looked = Looked::default();
        round(&looked);
        let files = if looked.count() == 1 { "file" } else { "files" };
        print(&format!("watching {} {files}; Ctrl-C ends\n", looked.count()));
        let Some(changed) = next_change(&looked, &stopped) else { return OK };
        let names: Vec<String> = changed.iter().map(|path| path.display().to_string()).collect();
        let verb = if names.len() == 1 { "has" } else { "have" };
        print(&format!("\n{} {verb} changed\n", names.join(", ")));
    }
}

/// Waits for a change. None: it is to end.
fn next_change(looked: &Looked, stopped: &Receiver<()>) -> Option<Vec<PathBuf>> {
    let wait = |time| stopped.recv_timeout(time) == Err(RecvTimeoutError::Timeout);
    loop {
        if !wait(POLL) {
            return None;
        }
        let mut changes = looked.changes();
        if changes.is_empty() {
            continue;
        }
        for _ in 0..WAITS_MAX {
            if !wait(QUIET) {
                return None;
            }
            let now = looked.changes();
            let quiet = now == changes && !now.values().any(|stamp| *stamp == Stamp::Missing);
            changes = now;
            if quiet {
                break;
            }
        }
        if !changes.is_empty() {
            return Some(changes.into_keys().collect());
        }
    }
}
