use crate::define::*;
use crate::calendar::{SECOND, part};

pub(crate) static FUNCTION: Function = Function {
    name: "second",
    meaning: "The second of an instant, 0 to 59, in a time zone.",
    parameters: &[timestamp("time"), ZONE],
    gives: Gives::Int,
    errors: CALENDAR_ERRORS,
    examples: &[
        gives(r#"second(@2026-07-01T10:30:15Z)"#, "15"),
        gives(r#"second(@1969-12-31T23:59:58.5Z)"#, "58").note("before the epoch too"),
    ],
    body: Body::Prepared(|site| part(site, |wall| wall.time / SECOND % 60)),
    ..DEFAULTS
};
