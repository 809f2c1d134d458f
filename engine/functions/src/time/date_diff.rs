use crate::define::*;
use crate::calendar::Unit;
use crate::zone::Zone;

pub(crate) static FUNCTION: Function = Function {
    name: "date_diff",
    elsewhere: &["datediff", "timestampdiff", "datesub"],
    meaning: "How many starts of a unit are passed from one instant to another, in a time zone; `age` counts whole units instead.",
    parameters: &[string("unit").constant(), day("from"), day("to"), ZONE],
    gives: Gives::Int,
    errors: CALENDAR_ERRORS,
    examples: &[
        gives(r#"date_diff("day", @2026-03-01T10:00:00Z, @2026-03-05T09:00:00Z)"#, "4"),
        gives(r#"date_diff("year", @2025-12-31T23:59:59Z, @2026-01-01T00:00:00Z)"#, "1")
            .note("one second, but a new year"),
        gives(r#"date_diff("month", @2026-05-01T00:00:00Z, @2026-03-31T00:00:00Z)"#, "-2").note("backwards is negative"),
    ],
    body: Body::Prepared(|site| {
        let unit = Unit::new(site, 0)?;
        let zone = Zone::new(site, 3)?;
        Ok(Arc::new(move |arguments| {
            let passed = unit.passed(arguments.timestamp(1), arguments.timestamp(2), zone.of(arguments)?)?;
            Ok(Value::Int(passed))
        }))
    }),
    ..DEFAULTS
};
