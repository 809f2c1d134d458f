use crate::define::*;
use crate::calendar::part;

pub(crate) static FUNCTION: Function = Function {
    name: "quarter",
    meaning: "The quarter of the year of an instant, 1 to 4, in a time zone.",
    parameters: &[day("time"), ZONE],
    gives: Gives::Int,
    errors: CALENDAR_ERRORS,
    examples: &[
        gives(r#"quarter(@2026-05-01T00:00:00Z)"#, "2"),
        gives(r#"quarter(@2026-04-01T01:00:00Z, "America/New_York")"#, "1").note("there it is still March"),
    ],
    body: Body::Prepared(|site| part(site, |wall| (wall.month + 2) / 3)),
    ..DEFAULTS
};
