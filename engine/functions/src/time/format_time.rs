use crate::define::*;
use super::format::{Direction, format};
use crate::zone::Zone;
use std::fmt::Write;

pub(crate) static FUNCTION: Function = Function {
    name: "format_time",
    aliases: &["strftime"],
    elsewhere: &["to_char", "date_format", "format_timestamp", "timestamptostring"],
    meaning: "An instant as text, in a format such as `%Y-%m-%d %H:%M` and in a time zone.",
    parameters: &[day("time"), string("format").constant(), ZONE],
    gives: Gives::String,
    errors: CALENDAR_ERRORS,
    examples: &[
        gives(r#"format_time(@2026-03-01T10:05:00Z, "%d/%m/%Y %H:%M")"#, r#""01/03/2026 10:05""#),
        gives(r#"format_time(@2026-07-01T22:30:00Z, "%a %e %b %H:%M %Z", "Europe/Amsterdam")"#, r#""Thu  2 Jul 00:30 CEST""#)
            .note("on the wall it is Thursday already"),
        gives(r#"format_time(@2026-03-01T10:05:00.250Z, "%Y%m%dT%H%M%S%.3f%:z")"#, r#""20260301T100500.250+00:00""#),
        refused(r#"format_time(@2026-03-01T10:05:00Z, "%Q")"#, "no format"),
    ],
    body: Body::Prepared(|site| {
        let items = format(site, 1, Direction::Write)?;
        let zone = Zone::new(site, 2)?;
        Ok(Arc::new(move |arguments| {
            let time = zone.of(arguments)?.time(arguments.timestamp(0))?;
            let mut out = String::new();
            // Only an item that asks for what is not there could fail, and all are there.
            write!(out, "{}", time.format_with_items(items.iter())).map_err(|_| FunctionError::Overflow)?;
            text(out)
        }))
    }),
    ..DEFAULTS
};
