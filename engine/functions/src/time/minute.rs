use crate::define::*;

use crate::calendar::{MINUTE, part};

pub(crate) static FUNCTION: Function = Function {
    name: "minute",
    meaning: "The minute of an instant, 0 to 59, in a time zone.",
    parameters: &[timestamp("time"), ZONE],
    gives: Gives::Int,
    errors: CALENDAR_ERRORS,
    examples: &[
        gives(r#"minute(@2026-07-01T10:30:00Z)"#, "30"),
        gives(r#"minute(@2026-07-01T10:30:00Z, "Asia/Kathmandu")"#, "15").note("not every zone is off by whole hours"),
    ],
    body: Body::Prepared(|site| part(site, |wall| wall.time / MINUTE % 60)),
    ..DEFAULTS
};
