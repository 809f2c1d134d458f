//! How far event time has come.
//!
//! A source partition's watermark is the greatest event time read minus `out_of_order`. A task's is the least over its inputs; an
//! input that has been silent for `idle` does not count, and when all are silent the watermark follows the wall clock.
//! An internal topic carries the watermark of every upstream task, so that an event of a slow partition is not late because
//! another partition was read faster.

use crate::clock::WallTime;
use std::time::Duration;
use tidegate_model::{EventTime, Span};

/// What one upstream (a source partition, or an upstream task) has promised.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Upstream {
    pub watermark: EventTime,
    /// Silent: it does not hold the others back.
    pub idle: bool,
}

impl Upstream {
    pub const UNKNOWN: Upstream = Upstream { watermark: EventTime::MIN, idle: false };
}

/// The least over those that are not idle; if all are, the greatest, which then moves with the wall clock.
pub fn merge(upstreams: impl Iterator<Item = Upstream>) -> Upstream {
    let mut active: Option<EventTime> = None;
    let mut idle = EventTime::MIN;
    for upstream in upstreams {
        if upstream.idle {
            idle = idle.max(upstream.watermark);
        } else {
            active = Some(active.map_or(upstream.watermark, |least| least.min(upstream.watermark)));
        }
    }
    match active {
        Some(watermark) => Upstream { watermark, idle: false },
        None => Upstream { watermark: idle, idle: true },
    }
}

/// The watermark of one partition of a source.
#[derive(Clone, Debug)]
pub struct SourceClock {
    out_of_order: Span,
    idle_after: Option<Duration>,
    watermark: EventTime,
    /// When the last record came, and the watermark then.
    active_at: WallTime,
    active_watermark: EventTime,
    idle: bool,
}

impl SourceClock {
    pub fn new(
        out_of_order: Span,
        idle_after: Option<Span>,
        resumed: Option<Upstream>,
        now: WallTime,
    ) -> SourceClock {
        let watermark = resumed.map_or(EventTime::MIN, |upstream| upstream.watermark);
        SourceClock {
            out_of_order,
            idle_after: idle_after.map(|span| Duration::from_micros(span.micros().max(0) as u64)),
            watermark,
            active_at: now,
            active_watermark: watermark,
            // Whether it is still silent is not known: there may be much that came meanwhile.
            idle: false,
        }
    }

    /// The watermark just before an event, which is then counted.
    #[inline]
    pub fn observe(&mut self, time: EventTime) -> EventTime {
        let before = self.watermark;
        self.watermark = before.max(time.minus(self.out_of_order));
        before
    }

    /// Records came in at `now`.
    pub fn woke(&mut self, now: WallTime) {
        self.active_at = now;
        self.active_watermark = self.watermark;
        self.idle = false;
    }

    /// Has it been silent for so long that [`SourceClock::silent`] would change something?
    pub fn is_silence_due(&self, now: WallTime) -> bool {
        self.idle_after.is_some_and(|idle_after| now.since(self.active_at) >= idle_after)
    }

    /// Nothing came up to `now`, though everything that is there has been read.
    pub fn silent(&mut self, now: WallTime) {
        let Some(idle_after) = self.idle_after else { return };
        let silence = now.since(self.active_at);
        if silence < idle_after {
            return;
        }
        self.idle = true;
        if self.active_watermark != EventTime::MIN {
            let followed = self.active_watermark.plus(Span::from_micros(silence.as_micros() as i64));
            self.watermark = self.watermark.max(followed);
        }
    }

    /// The input has ended: nothing is expected any more.
    pub fn end(&mut self) {
        self.watermark = EventTime::MAX;
        self.idle = false;
    }

    /// Event time is moved by hand (`advance to` in a test).
    pub fn advance(&mut self, to: EventTime) {
        self.watermark = self.watermark.max(to);
        self.active_watermark = self.watermark;
    }

    pub fn upstream(&self) -> Upstream {
        Upstream { watermark: self.watermark, idle: self.idle }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> EventTime {
        EventTime::from_millis(seconds * 1000)
    }

    fn wall(seconds: i64) -> WallTime {
        WallTime::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn the_slowest_active_upstream_decides() {
        let upstream = |seconds, idle| Upstream { watermark: at(seconds), idle };
        assert_eq!(merge([upstream(5, false), upstream(9, false)].into_iter()), upstream(5, false));
        assert_eq!(merge([upstream(5, true), upstream(9, false)].into_iter()), upstream(9, false));
        assert_eq!(merge([upstream(5, true), upstream(9, true)].into_iter()), upstream(9, true));
    }

    #[test]
    fn a_silent_source_follows_the_wall_clock_and_never_goes_back() {
        let mut clock = SourceClock::new(Span::from_secs(2), Some(Span::from_secs(60)), None, wall(0));
        assert_eq!(clock.observe(at(100)), EventTime::MIN);
        clock.woke(wall(1));
        assert_eq!(clock.upstream(), Upstream { watermark: at(98), idle: false });
        clock.silent(wall(30));
        assert_eq!(clock.upstream(), Upstream { watermark: at(98), idle: false });
        clock.silent(wall(71));
        assert_eq!(clock.upstream(), Upstream { watermark: at(168), idle: true });
        assert_eq!(clock.observe(at(150)), at(168), "an event from before is late now");
        clock.woke(wall(72));
        assert_eq!(clock.upstream(), Upstream { watermark: at(168), idle: false });
    }
}
