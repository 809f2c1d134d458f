use crate::define::*;
use crate::calendar::part;

pub(crate) static FUNCTION: Function = Function {
    name: "iso_week",
    elsewhere: &["week", "weekofyear", "week_of_year"],
    meaning: "The week of an instant by ISO 8601, 1 to 53, in a time zone.",
    parameters: &[day("time"), ZONE],
    gives: Gives::Int,
    errors: CALENDAR_ERRORS,
    examples: &[
        gives(r#"iso_week(@2026-07-01T00:00:00Z)"#, "27"),
        gives(r#"iso_week(@2027-01-01T00:00:00Z)"#, "53").note("the first days of January may be in the last week of the year before"),
    ],
    body: Body::Prepared(|site| part(site, |wall| wall.iso_week().1)),
    ..DEFAULTS
};
