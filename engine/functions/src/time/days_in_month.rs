use crate::define::*;
use crate::calendar::{days_in_month, part};

pub(crate) static FUNCTION: Function = Function {
    name: "days_in_month",
    meaning: "How many days the month of an instant has, in a time zone.",
    parameters: &[day("time"), ZONE],
    gives: Gives::Int,
    errors: CALENDAR_ERRORS,
    examples: &[
        gives(r#"days_in_month(@2026-04-10T00:00:00Z)"#, "30"),
        gives(r#"days_in_month(@2024-02-10T00:00:00Z)"#, "29").note("a leap year"),
    ],
    body: Body::Prepared(|site| part(site, |wall| days_in_month(wall.year, wall.month))),
    ..DEFAULTS
};
