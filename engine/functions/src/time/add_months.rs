use crate::define::*;
use crate::calendar::add_months;
use crate::zone::Zone;

pub(crate) static FUNCTION: Function = Function {
    name: "add_months",
    meaning: "The same day and time of day so many months later, in a time zone; a day that the month does not have becomes its last.",
    parameters: &[day("time"), int("months"), ZONE],
    gives: Gives::SameDay,
    errors: CALENDAR_ERRORS,
    examples: &[
        gives("add_months(@2026-01-15T10:00:00Z, 2)", "@2026-03-15T10:00:00Z"),
        gives("add_months(@2026-01-31T10:00:00Z, 1)", "@2026-02-28T10:00:00Z").note("February has no 31st"),
        gives(r#"add_months(@2026-03-01T09:00:00Z, 1, "Europe/Amsterdam")"#, "@2026-04-01T08:00:00Z")
            .note("10 o'clock on the wall stays 10 o'clock"),
        fails("add_months(@2026-01-01T00:00:00Z, 9000000000)", Overflow),
    ],
    body: Body::Prepared(|site| {
        let zone = Zone::new(site, 2)?;
        Ok(Arc::new(move |arguments| {
            let zone = zone.of(arguments)?;
            let wall = add_months(zone.wall(arguments.timestamp(0))?, arguments.int(1))?;
            Ok(Value::Timestamp(zone.instant(wall)?))
        }))
    }),
    ..DEFAULTS
};
