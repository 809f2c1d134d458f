//! How much memory the process takes, held against `--memory`.

use super::memory::{Memory, Size};
use std::time::Duration;

const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Looks behind one that gave little back.
const REST_LOOKS: u32 = 10;
/// Looks between two warnings.
const QUIET_LOOKS: u32 = 120;

/// Looks now and then, for as long as the process runs: gives what C's allocator keeps back to the system before the limit is reached, and
/// warns where that does not help.
pub fn watch(memory: Memory) {
    let thread = std::thread::Builder::new().name("memory".to_owned());
    let started = thread.spawn(move || {
        let (mut quiet, mut rests): (u32, u32) = (0, 0);
        loop {
            pause();
            (quiet, rests) = (quiet.saturating_sub(1), rests.saturating_sub(1));
            let Some(before) = resident().filter(|bytes| *bytes >= near(memory.all()) && rests == 0) else {
                continue;
            };
            give_back();
            let Some(bytes) = resident() else { continue };
            // What is near the limit for good reasons is not made slow for it.
            if before.saturating_sub(bytes) < memory.all() / 16 {
                rests = REST_LOOKS;
            }
            if bytes > memory.all() && quiet == 0 {
                tracing::warn!(
                    "the process takes {} of memory, and --memory is {}: give it more, or run more processes",
                    Size(bytes),
                    Size(memory.all())
                );
                quiet = QUIET_LOOKS;
            }
        }
    });
    if let Err(error) = started {
        tracing::warn!("nobody looks at how much memory is taken: {error}");
    }
}

/// From here on it is worth looking for what could be given back.
fn near(all: u64) -> u64 {
    all / 8 * 7
}

#[expect(clippy::disallowed_methods, reason = "nothing tells that memory was taken")]
fn pause() {
    std::thread::sleep(LOOK_EVERY);
}

/// What of the process is in memory. None: the system does not tell it in Linux's way.
fn resident() -> Option<u64> {
    let told = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = told.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * page_bytes())
}

#[expect(unsafe_code, reason = "the standard library does not tell how large pages are")]
fn page_bytes() -> u64 {
    // SAFETY: the call takes a number, and changes nothing.
    u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
}

/// RocksDB's and librdkafka's memory comes from C's allocator, which keeps what lies below something that is still in use.
#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "the standard library knows no allocator but its own")]
fn give_back() {
    // SAFETY: the allocator takes its own locks, and only what nobody uses is given back.
    unsafe { libc::malloc_trim(0) };
}

#[cfg(not(target_env = "gnu"))]
fn give_back() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_seen() {
        const MORE: usize = 64 << 20;
        let before = resident().expect("told");
        let mut taken = vec![0u8; MORE];
        taken.iter_mut().step_by(1024).for_each(|byte| *byte = 1);
        let with = resident().expect("told");
        assert!(with > before + MORE as u64 / 2, "{before} {with} {}", taken.len());
    }
}
