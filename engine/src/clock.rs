//! The wall clock, behind a trait: the engine never asks the operating system itself.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tidegate_model::{EventTime, Span};

/// Microseconds of a clock that never goes back, of which only differences mean something; and what the clock on the wall said then.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct WallTime {
    micros: i64,
    date: Option<EventTime>,
}

impl WallTime {
    /// A moment of which nobody knows the date.
    pub const fn from_micros(micros: i64) -> WallTime {
        WallTime { micros, date: None }
    }

    pub const fn dated(micros: i64, date: EventTime) -> WallTime {
        WallTime { micros, date: Some(date) }
    }

    pub const fn micros(self) -> i64 {
        self.micros
    }

    /// What the machine's clock said, which may go back. None: nobody knows.
    pub const fn date(self) -> Option<EventTime> {
        self.date
    }

    /// Zero if `earlier` is later.
    pub fn since(self, earlier: WallTime) -> Duration {
        Duration::from_micros(self.micros.saturating_sub(earlier.micros).max(0) as u64)
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

impl SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the OS clock for the engine"
    )]
    fn since_epoch() -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> WallTime {
        let date = EventTime::from_micros(SystemClock::since_epoch().as_micros() as i64);
        WallTime::dated(self.start.elapsed().as_micros() as i64, date)
    }

    fn unix_seconds(&self) -> i64 {
        SystemClock::since_epoch().as_secs() as i64
    }
}

/// A clock that moves when it is told to, for `test` blocks and simulations. Its date is not known before it is told.
#[derive(Clone, Debug, Default)]
pub struct ManualClock {
    micros: Rc<Cell<i64>>,
    date: Rc<Cell<Option<EventTime>>>,
}

impl ManualClock {
    pub fn advance(&self, by: Duration) {
        let micros = by.as_micros() as i64;
        self.micros.set(self.micros.get() + micros);
        self.date.set(self.date.get().map(|date| date.plus(Span::from_micros(micros))));
    }

    pub fn set_date(&self, date: EventTime) {
        self.date.set(Some(date));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> WallTime {
        let micros = self.micros.get();
        match self.date.get() {
            Some(date) => WallTime::dated(micros, date),
            None => WallTime::from_micros(micros),
        }
    }

    fn unix_seconds(&self) -> i64 {
        self.micros.get() / 1_000_000
    }
}
