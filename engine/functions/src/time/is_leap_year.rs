use crate::define::*;
use crate::calendar::{Wall, days_in_month};
use crate::zone::Zone;

pub(crate) static FUNCTION: Function = Function {
    name: "is_leap_year",
    meaning: "Has the year of an instant, in a time zone, a 29th of February?",
    parameters: &[day("time"), ZONE],
    gives: Gives::Bool,
    errors: CALENDAR_ERRORS,
    examples: &[
        gives("is_leap_year(@2024-07-01T00:00:00Z)", "true"),
        gives("is_leap_year(@2100-07-01T00:00:00Z)", "false").note("of whole centuries only every fourth"),
    ],
    body: Body::Prepared(|site| {
        let zone = Zone::new(site, 1)?;
        Ok(Arc::new(move |arguments| {
            let wall = Wall::new(zone.of(arguments)?.wall(arguments.timestamp(0))?);
            Ok(Value::Bool(days_in_month(wall.year, 2) == 29))
        }))
    }),
    ..DEFAULTS
};
