//! `window`.

use super::Route;
use crate::time::{EventTime, Span};

#[derive(Clone, PartialEq, Debug)]
pub struct Window {
    pub shape: WindowShape,
    /// Of a session: the gap that ends it.
    pub size: Span,
    /// Equal to `size` for tumbling windows; divides `size` into whole slices or not, both are allowed.
    pub advance: Span,
    /// How far the windows' starts are moved from the epoch (or from midnight, where there is a zone).
    pub offset: Span,
    /// A zone of the IANA database: days and hours are those of its clocks.
    pub zone: Option<String>,
    pub grace: Span,
    pub late: Option<Route>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WindowShape {
    /// Tumbling, or hopping where `advance` is less than `size`.
    Aligned,
    /// A window ends at each event, and looks back over `size`.
    Sliding,
    /// As long as no gap between a key's events is longer than `size`.
    Session,
    /// Windows of `size` that are given out every `advance` from their start to their end.
    Cumulate,
}

impl Window {
    /// A tumbling or hopping window by UTC.
    pub fn aligned(size: Span, advance: Span, grace: Span, late: Option<Route>) -> Window {
        Window { shape: WindowShape::Aligned, size, advance, offset: Span::ZERO, zone: None, grace, late }
    }

    /// The language's words for a kind of window that the engine lacks.
    pub(super) fn lacking(&self) -> Option<&'static str> {
        match self.shape {
            WindowShape::Sliding => Some("window sliding"),
            WindowShape::Session => Some("window session"),
            WindowShape::Cumulate => Some("window cumulate"),
            WindowShape::Aligned if self.zone.is_some() => Some("window … in a time zone"),
            WindowShape::Aligned if self.offset != Span::ZERO => Some("window …, offset"),
            WindowShape::Aligned => None,
        }
    }

    /// When a window that starts at `start` is final: the watermark has reached this.
    pub fn final_at(&self, start: EventTime) -> EventTime {
        start.plus(self.size).plus(self.grace)
    }
}
