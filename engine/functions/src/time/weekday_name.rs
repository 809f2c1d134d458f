use crate::define::*;
use crate::calendar::Wall;
use crate::zone::Zone;

pub(crate) static FUNCTION: Function = Function {
    name: "weekday_name",
    aliases: &["dayname"],
    meaning: "The English name of the day of the week of an instant, in a time zone.",
    parameters: &[day("time"), ZONE],
    gives: Gives::String,
    errors: CALENDAR_ERRORS,
    examples: &[
        gives("weekday_name(@2026-07-01T10:00:00Z)", r#""Wednesday""#),
        gives(r#"weekday_name(@2026-07-01T23:00:00Z, "Asia/Tokyo")"#, r#""Thursday""#).note("there it is tomorrow"),
    ],
    body: Body::Prepared(|site| {
        let zone = Zone::new(site, 1)?;
        Ok(Arc::new(move |arguments| {
            let wall = Wall::new(zone.of(arguments)?.wall(arguments.timestamp(0))?);
            text(NAMES[(wall.weekday() - 1) as usize])
        }))
    }),
    ..DEFAULTS
};

const NAMES: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
