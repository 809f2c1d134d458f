use crate::define::*;
use crate::calendar::part;

pub(crate) static FUNCTION: Function = Function {
    name: "iso_year",
    meaning: "The year that the week of an instant belongs to by ISO 8601, in a time zone.",
    parameters: &[day("time"), ZONE],
    gives: Gives::Int,
    errors: CALENDAR_ERRORS,
    examples: &[
        gives(r#"iso_year(@2026-07-01T00:00:00Z)"#, "2026"),
        gives(r#"iso_year(@2027-01-01T00:00:00Z)"#, "2026").note("that Friday is in the last week of 2026"),
    ],
    body: Body::Prepared(|site| part(site, |wall| wall.iso_week().0)),
    ..DEFAULTS
};
