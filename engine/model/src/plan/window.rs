//! `window`.

use super::Route;
use crate::time::Span;

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
}
