use crate::define::*;
use crate::calendar::DAY;
use crate::zone::Zone;

pub(crate) static FUNCTION: Function = Function {
    name: "add_days",
    elsewhere: &["dateadd", "date_add", "adddate", "timestampadd"],
    meaning: "The same time of day so many days later, in a time zone, though a day there may have 23 or 25 hours.",
    parameters: &[day("time"), int("days"), ZONE],
    gives: Gives::SameDay,
    errors: CALENDAR_ERRORS,
    examples: &[
        gives("add_days(@2026-02-27T10:00:00Z, 3)", "@2026-03-02T10:00:00Z"),
        gives(r#"add_days(@2026-03-28T12:00:00Z, 1, "Europe/Amsterdam")"#, "@2026-03-29T11:00:00Z")
            .note("the clock is put forward in between"),
        fails("add_days(@2026-01-01T00:00:00Z, 200000000)", Overflow),
    ],
    body: Body::Prepared(|site| {
        let zone = Zone::new(site, 2)?;
        Ok(Arc::new(move |arguments| {
            let zone = zone.of(arguments)?;
            let span = arguments.int(1).checked_mul(DAY).ok_or(FunctionError::Overflow)?;
            let wall = zone.wall(arguments.timestamp(0))?.checked_add(span).ok_or(FunctionError::Overflow)?;
            Ok(Value::Timestamp(zone.instant(wall)?))
        }))
    }),
    ..DEFAULTS
};
