use crate::define::*;
use crate::calendar::Unit;
use crate::zone::Zone;

pub(crate) static FUNCTION: Function = Function {
    name: "date_trunc",
    elsewhere: &["trunc_date", "time_trunc", "truncate_time", "timestamp_trunc"],
    meaning: "The start of the second, minute, hour, day, week (Monday), month, quarter or year that holds an instant, in a time zone.",
    parameters: &[string("unit").constant(), day("time"), ZONE],
    gives: Gives::SameDay,
    errors: CALENDAR_ERRORS,
    examples: &[
        gives(r#"date_trunc("month", @2026-07-15T10:30:00Z)"#, "@2026-07-01T00:00:00Z"),
        gives(r#"date_trunc("day", @2026-07-15T23:30:00Z, "Europe/Amsterdam")"#, "@2026-07-15T22:00:00Z")
            .note("the day that has begun there"),
        gives(r#"date_trunc("week", @2026-07-15T10:30:00Z)"#, "@2026-07-13T00:00:00Z").note("a week begins on Monday"),
        refused(r#"date_trunc("decade", @2026-07-15T10:30:00Z)"#, "no unit \"decade\""),
    ],
    body: Body::Prepared(|site| {
        let unit = Unit::new(site, 0)?;
        let zone = Zone::new(site, 2)?;
        Ok(Arc::new(move |arguments| {
            let start = unit.start(arguments.timestamp(1), zone.of(arguments)?)?;
            Ok(Value::Timestamp(start))
        }))
    }),
    ..DEFAULTS
};
