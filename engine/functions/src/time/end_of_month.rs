use crate::define::*;
use crate::calendar::{Unit, add_months};
use crate::zone::Zone;

pub(crate) static FUNCTION: Function = Function {
    name: "end_of_month",
    aliases: &["last_day"],
    meaning: "The last microsecond of the month that holds an instant, in a time zone.",
    parameters: &[day("time"), ZONE],
    gives: Gives::SameDay,
    errors: CALENDAR_ERRORS,
    examples: &[
        gives("end_of_month(@2026-07-15T10:30:00Z)", "@2026-07-31T23:59:59.999999Z"),
        gives("day(end_of_month(@2024-02-10T00:00:00Z))", "29").note("a leap year"),
    ],
    body: Body::Prepared(|site| {
        let zone = Zone::new(site, 1)?;
        Ok(Arc::new(move |arguments| {
            let zone = zone.of(arguments)?;
            let start = zone.wall(Unit::Month.start(arguments.timestamp(0), zone)?)?;
            let next = zone.instant(add_months(start, 1)?)?;
            next.checked_sub(1).map(Value::Timestamp).ok_or(FunctionError::Overflow)
        }))
    }),
    ..DEFAULTS
};
