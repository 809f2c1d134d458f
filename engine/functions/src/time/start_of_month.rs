use crate::define::*;
use crate::calendar::Unit;
use crate::zone::Zone;

pub(crate) static FUNCTION: Function = Function {
    name: "start_of_month",
    meaning: "The first instant of the month that holds an instant, in a time zone.",
    parameters: &[day("time"), ZONE],
    gives: Gives::SameDay,
    errors: CALENDAR_ERRORS,
    examples: &[
        gives("start_of_month(@2026-07-15T10:30:00Z)", "@2026-07-01T00:00:00Z"),
        gives(r#"start_of_month(@2026-07-01T01:00:00Z, "America/New_York")"#, "@2026-06-01T04:00:00Z")
            .note("on the wall it is still June"),
    ],
    body: Body::Prepared(|site| {
        let zone = Zone::new(site, 1)?;
        Ok(Arc::new(move |arguments| {
            Ok(Value::Timestamp(Unit::Month.start(arguments.timestamp(0), zone.of(arguments)?)?))
        }))
    }),
    ..DEFAULTS
};
