use crate::define::*;

use crate::calendar::part;

pub(crate) static FUNCTION: Function = Function {
    name: "month",
    meaning: "The month of an instant, 1 to 12, in a time zone.",
    parameters: &[day("time"), ZONE],
    gives: Gives::Int,
    errors: CALENDAR_ERRORS,
    examples: &[
        gives(r#"month(@2026-03-01T10:00:00Z)"#, "3"),
        gives(r#"month(@2026-03-01T03:00:00Z, "America/New_York")"#, "2").note("on the wall it is still February"),
    ],
    body: Body::Prepared(|site| part(site, |wall| wall.month)),
    ..DEFAULTS
};
