//! `window`: its kind, and what goes with it.

use super::Lowerer;
use crate::ast::{Spanned, TopicRef, WindowKind, WindowStep};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::source::Span as Place;
use tidegate_model::Span;
use tidegate_model::plan::{Route, Window, WindowShape};

impl Lowerer<'_> {
    pub(super) fn window(&mut self, window: &WindowStep, place: Place) -> Option<Window> {
        self.positive(&window.size)?;
        let every = window.every.as_ref().unwrap_or(&window.size);
        self.positive(every)?;
        match window.kind {
            WindowKind::Hopping if every.node > window.size.node => {
                self.diagnostics.push(
                    Diagnostic::error(
                        codes::BAD_DURATION,
                        every.span,
                        "the windows would leave gaps: events between them would be in none",
                    )
                    .because(window.size.span, "longer than the window"),
                );
                return None;
            }
            WindowKind::Cumulate if window.size.node % every.node != 0 => {
                self.diagnostics.push(
                    Diagnostic::error(
                        codes::WINDOW,
                        every.span,
                        "the window is no whole number of these steps",
                    )
                    .because(window.size.span, "the window"),
                );
                return None;
            }
            _ => {}
        }
        self.aligned_only(window)?;
        let late = self.late_route(window.late.as_ref(), place, "that come after their window is final");
        let shape = match window.kind {
            WindowKind::Tumbling | WindowKind::Hopping => WindowShape::Aligned,
            WindowKind::Sliding => WindowShape::Sliding,
            WindowKind::Session => WindowShape::Session,
            WindowKind::Cumulate => WindowShape::Cumulate,
        };
        let length =
            |length: Option<&Spanned<i64>>| Span::from_micros(length.map_or(0, |length| length.node));
        Some(Window {
            shape,
            size: Span::from_micros(window.size.node),
            advance: Span::from_micros(every.node),
            offset: length(window.offset.as_ref()),
            zone: window.zone.as_ref().map(|zone| zone.node.clone()),
            grace: length(window.grace.as_ref()),
            late,
        })
    }

    /// Where late events go. `which`: the words behind "events".
    pub(super) fn late_route(&mut self, late: Option<&TopicRef>, place: Place, which: &str) -> Option<Route> {
        let route = self.route(late);
        if route.is_none() {
            self.diagnostics.push(
                Diagnostic::warning(codes::NO_LATE_ROUTE, place, format!("events {which} are only counted"))
                    .note("to keep them: `, late -> kafka(\"…\")`"),
            );
        }
        route
    }

    /// An offset and a time zone say where windows begin; some begin where their events are.
    fn aligned_only(&mut self, window: &WindowStep) -> Option<()> {
        if matches!(window.kind, WindowKind::Sliding | WindowKind::Session) {
            let offset = window.offset.as_ref().map(|offset| (offset.span, "an offset"));
            let zone = window.zone.as_ref().map(|zone| (zone.span, "a time zone"));
            let Some((span, what)) = offset.or(zone) else { return Some(()) };
            self.diagnostics.push(
                Diagnostic::error(
                    codes::WINDOW,
                    span,
                    format!("{what} says where windows begin, and these begin with their events"),
                )
                .because(window.size.span, "this kind of window follows the events"),
            );
            return None;
        }
        if let Some(offset) = &window.offset
            && offset.node >= window.size.node
        {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::WINDOW,
                    offset.span,
                    "the offset is less than the window: it says where in it the first begins",
                )
                .because(window.size.span, "the window"),
            );
            return None;
        }
        let Some(zone) = &window.zone else { return Some(()) };
        if zone.node.parse::<chrono_tz::Tz>().is_ok() {
            return Some(());
        }
        let diagnostic =
            Diagnostic::error(codes::WINDOW, zone.span, format!("there is no time zone {:?}", zone.node));
        let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        self.diagnostics.push(match did_you_mean(&zone.node, names) {
            Some(meant) => diagnostic.here(format!("did you mean `{meant}`?")),
            None => {
                diagnostic.note("a name of the IANA database is needed, such as \"Europe/Paris\" or \"UTC\"")
            }
        });
        None
    }
}
