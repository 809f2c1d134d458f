use crate::define::*;
use crate::calendar::Unit;
use crate::zone::Zone;

pub(crate) static FUNCTION: Function = Function {
    name: "age",
    meaning: "How many whole units lie between two instants, in a time zone: years as birthdays count them.",
    parameters: &[string("unit").constant(), day("from"), day("to"), ZONE],
    gives: Gives::Int,
    errors: CALENDAR_ERRORS,
    examples: &[
        gives(r#"age("year", @1990-07-15T00:00:00Z, @2026-07-14T00:00:00Z)"#, "35").note("the day before the birthday"),
        gives(r#"age("hour", @2026-01-01T00:00:00Z, @2026-01-01T02:59:00Z)"#, "2"),
        gives(r#"age("month", @2026-01-31T00:00:00Z, @2026-02-28T00:00:00Z)"#, "1").note("the last day of the month will do"),
        gives(r#"age("day", @2026-01-03T00:00:00Z, @2026-01-01T12:00:00Z)"#, "-1").note("backwards is negative"),
    ],
    body: Body::Prepared(|site| {
        let unit = Unit::new(site, 0)?;
        let zone = Zone::new(site, 3)?;
        Ok(Arc::new(move |arguments| {
            let zone = zone.of(arguments)?;
            let (from, to) = (arguments.timestamp(1), arguments.timestamp(2));
            Ok(Value::Int(if from <= to { unit.whole(from, to, zone)? } else { -unit.whole(to, from, zone)? }))
        }))
    }),
    ..DEFAULTS
};
