use crate::define::*;

use crate::calendar::part;

pub(crate) static FUNCTION: Function = Function {
    name: "year",
    meaning: "The year of an instant, in a time zone.",
    parameters: &[day("time"), ZONE],
    gives: Gives::Int,
    errors: CALENDAR_ERRORS,
    examples: &[
        gives(r#"year(@2026-03-01T10:00:00Z)"#, "2026"),
        gives(r#"year(date("2026-03-01"))"#, "2026").note("a date has no time zone"),
        gives(r#"year(@2025-12-31T23:30:00Z, "Europe/Amsterdam")"#, "2026").note("on the wall it is the new year already"),
    ],
    body: Body::Prepared(|site| part(site, |wall| wall.year)),
    ..DEFAULTS
};
