use crate::define::*;

use crate::calendar::part;

pub(crate) static FUNCTION: Function = Function {
    name: "day",
    elsewhere: &["day_of_month", "dayofmonth"],
    meaning: "The day of the month of an instant, 1 to 31, in a time zone.",
    parameters: &[day("time"), ZONE],
    gives: Gives::Int,
    errors: CALENDAR_ERRORS,
    examples: &[
        gives(r#"day(@2026-03-01T10:00:00Z)"#, "1"),
        gives(r#"day(@2024-02-29T23:59:59Z)"#, "29").note("a leap day"),
    ],
    body: Body::Prepared(|site| part(site, |wall| wall.day)),
    ..DEFAULTS
};
