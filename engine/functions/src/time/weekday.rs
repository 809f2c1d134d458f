use crate::define::*;

use crate::calendar::{Wall, part};

pub(crate) static FUNCTION: Function = Function {
    name: "weekday",
    elsewhere: &["dayofweek", "day_of_week", "isodow"],
    meaning: "The day of the week of an instant, 1 (Monday) to 7 (Sunday), as ISO 8601 counts, in a time zone.",
    parameters: &[day("time"), ZONE],
    gives: Gives::Int,
    errors: CALENDAR_ERRORS,
    examples: &[
        gives(r#"weekday(@2026-07-01T10:00:00Z)"#, "3"),
        gives(r#"weekday(@2026-07-05T10:00:00Z)"#, "7").note("Sunday is the last day of its week"),
    ],
    body: Body::Prepared(|site| part(site, Wall::weekday)),
    ..DEFAULTS
};
