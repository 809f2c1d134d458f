use crate::define::*;

use crate::calendar::{HOUR, part};

pub(crate) static FUNCTION: Function = Function {
    name: "hour",
    meaning: "The hour of an instant, 0 to 23, in a time zone.",
    parameters: &[timestamp("time"), ZONE],
    gives: Gives::Int,
    errors: CALENDAR_ERRORS,
    examples: &[
        gives(r#"hour(@2026-07-01T10:30:00Z)"#, "10"),
        gives(r#"hour(@2026-07-01T10:30:00Z, "Europe/Amsterdam")"#, "12").note("summer time counts"),
    ],
    body: Body::Prepared(|site| part(site, |wall| wall.time / HOUR)),
    ..DEFAULTS
};
