use crate::define::*;
use crate::calendar::Wall;
use crate::zone::Zone;

pub(crate) static FUNCTION: Function = Function {
    name: "is_weekend",
    meaning: "Is it Saturday or Sunday at an instant, in a time zone?",
    parameters: &[day("time"), ZONE],
    gives: Gives::Bool,
    errors: CALENDAR_ERRORS,
    examples: &[
        gives("is_weekend(@2026-07-04T10:00:00Z)", "true"),
        gives(r#"is_weekend(@2026-07-03T23:00:00Z, "Europe/Amsterdam")"#, "true").note("there it is Saturday already"),
        gives("is_weekend(@2026-07-03T23:00:00Z)", "false"),
    ],
    body: Body::Prepared(|site| {
        let zone = Zone::new(site, 1)?;
        Ok(Arc::new(move |arguments| {
            let wall = Wall::new(zone.of(arguments)?.wall(arguments.timestamp(0))?);
            Ok(Value::Bool(wall.weekday() >= 6))
        }))
    }),
    ..DEFAULTS
};
