//! When an aggregate gives rows out: once when they are final, at each commit, or at most every so often.

use crate::clock::WallTime;
use crate::operator::Context;
use crate::watermark::Upstream;
use std::collections::BTreeSet;
use std::time::Duration;
use tidegate_model::plan::Emit;
use tidegate_model::{EventTime, Span};

pub struct Emitting {
    pub emit: Emit,
    /// Rows may be so much older than the watermark that lets them out.
    lag: Span,
    /// Is there a consumer that waits for the watermark?
    feeds: bool,
    /// Rows come with the commit, so consumers may expect older ones until then.
    passed: EventTime,
    /// `emit every`: keys of the store whose row is due, and when rows were last given out.
    pub pending: BTreeSet<Box<[u8]>>,
    emitted_at: Option<WallTime>,
}

impl Emitting {
    pub fn new(emit: Emit, lag: Span, feeds: bool) -> Emitting {
        Emitting { emit, lag, feeds, passed: EventTime::MIN, pending: BTreeSet::new(), emitted_at: None }
    }

    pub fn is_every(&self) -> bool {
        matches!(self.emit, Emit::Every(_))
    }

    /// What consumers may expect when rows were given out up to `watermark`.
    pub fn promise(&self, watermark: EventTime) -> EventTime {
        watermark.minus(self.lag)
    }

    /// What consumers may expect where rows come with the commits.
    pub fn passed(&self) -> EventTime {
        self.passed
    }

    /// A commit has let out everything that `watermark` allows.
    pub fn let_out(&mut self, watermark: EventTime) {
        self.passed = self.promise(watermark);
    }

    /// The keys whose rows are due now.
    pub fn take_due(&mut self, context: &Context<'_>) -> Vec<Box<[u8]>> {
        let ended = context.watermark == EventTime::MAX;
        if self.pending.is_empty() || !(ended || self.is_time(context.now)) {
            return Vec::new();
        }
        self.emitted_at = Some(context.now);
        std::mem::take(&mut self.pending).into_iter().collect()
    }

    fn is_time(&self, now: WallTime) -> bool {
        let Emit::Every(every) = self.emit else { return false };
        let interval = Duration::from_micros(every.micros().max(0) as u64);
        self.emitted_at.is_none_or(|at| now.since(at) >= interval)
    }

    /// Is there something that only a commit lets out?
    pub fn has_pending(&self, upstream: Upstream, now: WallTime) -> bool {
        if self.emit == Emit::Final {
            return false;
        }
        if !self.pending.is_empty() {
            return upstream.watermark == EventTime::MAX || self.is_time(now);
        }
        self.feeds && self.passed < self.promise(upstream.watermark)
    }
}
