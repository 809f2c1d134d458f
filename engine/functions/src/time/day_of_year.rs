use crate::define::*;
use crate::calendar::{Wall, part};

pub(crate) static FUNCTION: Function = Function {
    name: "day_of_year",
    elsewhere: &["dayofyear", "doy"],
    meaning: "The day of the year of an instant, 1 to 366, in a time zone.",
    parameters: &[day("time"), ZONE],
    gives: Gives::Int,
    errors: CALENDAR_ERRORS,
    examples: &[
        gives(r#"day_of_year(@2026-02-01T00:00:00Z)"#, "32"),
        gives(r#"day_of_year(@2024-12-31T00:00:00Z)"#, "366").note("a leap year"),
    ],
    body: Body::Prepared(|site| part(site, Wall::day_of_year)),
    ..DEFAULTS
};
