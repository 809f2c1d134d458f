use crate::define::*;
use crate::calendar::{DAY, HOUR, MINUTE, SECOND, days_in_month};
use crate::zone::Zone;
use tidegate_model::time::days_from_civil;

pub(crate) static FUNCTION: Function = Function {
    name: "make_time",
    aliases: &["make_timestamp"],
    meaning: "The instant of a date and a time of day in a time zone.",
    parameters: &[
        int("year"),
        int("month"),
        int("day"),
        int("hour").or("0"),
        int("minute").or("0"),
        int("second").or("0"),
        ZONE,
    ],
    gives: Gives::Timestamp,
    errors: &[OutOfRange, UnknownZone, Overflow],
    examples: &[
        gives("make_time(2026, 3, 1)", "@2026-03-01T00:00:00Z"),
        gives(r#"make_time(2026, 7, 1, 9, 30, 0, "Europe/Amsterdam")"#, "@2026-07-01T07:30:00Z"),
        gives(r#"make_time(2026, 3, 29, 2, 30, 0, "Europe/Amsterdam")"#, "@2026-03-29T01:30:00Z")
            .note("a time that the clock leaps over is that much behind the leap"),
        fails("make_time(2026, 2, 29)", OutOfRange).note("no leap year"),
    ],
    body: Body::Prepared(|site| {
        let zone = Zone::new(site, 6)?;
        Ok(Arc::new(move |arguments| {
            let within = |place: usize, what, range, low: i64, high: i64| {
                let given = if place < arguments.len() { arguments.int(place) } else { 0 };
                let fits = (low..=high).contains(&given);
                if fits { Ok(given) } else { Err(FunctionError::out_of_range(what, range, given)) }
            };
            let year = within(0, "the year", "between 0 and 9999", 0, 9999)?;
            let month = within(1, "the month", "between 1 and 12", 1, 12)?;
            let day = within(2, "the day", "one that the month has", 1, days_in_month(year, month))?;
            let hour = within(3, "the hour", "between 0 and 23", 0, 23)?;
            let minute = within(4, "the minute", "between 0 and 59", 0, 59)?;
            let second = within(5, "the second", "between 0 and 59", 0, 59)?;
            let days = days_from_civil(year, month as u32, day as u32);
            let wall = days * DAY + hour * HOUR + minute * MINUTE + second * SECOND;
            Ok(Value::Timestamp(zone.of(arguments)?.instant(wall)?))
        }))
    }),
    ..DEFAULTS
};
