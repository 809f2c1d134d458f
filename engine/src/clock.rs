//! The wall clock, behind a trait: the engine never asks the operating system itself.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Microseconds of a clock that never goes back; only differences mean something.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct WallTime(i64);

impl WallTime {
    pub const fn from_micros(micros: i64) -> WallTime {
        WallTime(micros)
    }

    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Zero if `earlier` is later.
    pub fn since(self, earlier: WallTime) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0).max(0) as u64)
    }
}

pub trait Clock {
    fn now(&self) -> WallTime;

    /// Seconds since 1970, UTC: what may be compared with another process's time.
    fn unix_seconds(&self) -> i64;
}

/// The operating system's monotonic clock.
#[derive(Clone, Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the OS clock for the engine"
    )]
    pub fn start() -> SystemClock {
        SystemClock { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> WallTime {
        WallTime(self.start.elapsed().as_micros() as i64)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the OS clock for the engine"
    )]
    fn unix_seconds(&self) -> i64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(0, |since| since.as_secs() as i64)
    }
}

/// A clock that moves when it is told to, for `test` blocks and simulations.
#[derive(Clone, Debug, Default)]
pub struct ManualClock {
    micros: Rc<Cell<i64>>,
}

impl ManualClock {
    pub fn advance(&self, by: Duration) {
        self.micros.set(self.micros.get() + by.as_micros() as i64);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> WallTime {
        WallTime(self.micros.get())
    }

    fn unix_seconds(&self) -> i64 {
        self.micros.get() / 1_000_000
    }
}
