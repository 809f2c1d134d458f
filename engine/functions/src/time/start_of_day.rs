use crate::define::*;
use crate::calendar::Unit;
use crate::zone::Zone;

pub(crate) static FUNCTION: Function = Function {
    name: "start_of_day",
    meaning: "The first instant of the day that holds an instant, in a time zone.",
    parameters: &[timestamp("time"), ZONE],
    gives: Gives::Timestamp,
    errors: CALENDAR_ERRORS,
    examples: &[
        gives("start_of_day(@2026-07-15T10:30:00Z)", "@2026-07-15T00:00:00Z"),
        gives(r#"start_of_day(@2026-03-29T12:00:00Z, "Europe/Amsterdam")"#, "@2026-03-28T23:00:00Z")
            .note("a day of 23 hours: the clock is put forward"),
    ],
    body: Body::Prepared(|site| {
        let zone = Zone::new(site, 1)?;
        Ok(Arc::new(move |arguments| {
            Ok(Value::Timestamp(Unit::Day.start(arguments.timestamp(0), zone.of(arguments)?)?))
        }))
    }),
    ..DEFAULTS
};
