use crate::define::*;
use crate::calendar::Wall;
use crate::zone::Zone;

pub(crate) static FUNCTION: Function = Function {
    name: "time_of_day",
    meaning: "What the clock of a time zone shows at an instant, as the length of time from 00:00.",
    parameters: &[timestamp("time"), ZONE],
    gives: Gives::Duration,
    errors: CALENDAR_ERRORS,
    examples: &[
        gives("time_of_day(@2026-03-01T10:05:00Z)", "10h5m"),
        gives(r#"time_of_day(@2026-07-01T22:30:00Z, "Europe/Amsterdam")"#, "30m").note("past midnight there"),
        gives("time_of_day(@2026-03-01T10:05:00Z) between 9h and 17h", "true"),
    ],
    body: Body::Prepared(|site| {
        let zone = Zone::new(site, 1)?;
        Ok(Arc::new(move |arguments| {
            Ok(Value::Duration(Wall::new(zone.of(arguments)?.wall(arguments.timestamp(0))?).time))
        }))
    }),
    ..DEFAULTS
};
