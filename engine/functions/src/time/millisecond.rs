use crate::define::*;
use crate::calendar::part;

pub(crate) static FUNCTION: Function = Function {
    name: "millisecond",
    meaning: "The milliseconds of the second of an instant, 0 to 999, in a time zone.",
    parameters: &[timestamp("time"), ZONE],
    gives: Gives::Int,
    errors: CALENDAR_ERRORS,
    examples: &[
        gives(r#"millisecond(@2026-07-01T10:30:15.250Z)"#, "250"),
        gives(r#"millisecond(@2026-07-01T10:30:15.999999Z)"#, "999").note("what is less than one is cut off"),
    ],
    body: Body::Prepared(|site| part(site, |wall| wall.time / 1000 % 1000)),
    ..DEFAULTS
};
