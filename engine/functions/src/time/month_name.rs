use crate::define::*;
use crate::calendar::Wall;
use crate::zone::Zone;

pub(crate) static FUNCTION: Function = Function {
    name: "month_name",
    aliases: &["monthname"],
    meaning: "The English name of the month of an instant, in a time zone.",
    parameters: &[day("time"), ZONE],
    gives: Gives::String,
    errors: CALENDAR_ERRORS,
    examples: &[
        gives("month_name(@2026-07-01T10:00:00Z)", r#""July""#),
        gives(r#"month_name(@2026-07-01T01:00:00Z, "America/New_York")"#, r#""June""#).note("there it is yesterday"),
    ],
    body: Body::Prepared(|site| {
        let zone = Zone::new(site, 1)?;
        Ok(Arc::new(move |arguments| {
            let wall = Wall::new(zone.of(arguments)?.wall(arguments.timestamp(0))?);
            text(NAMES[(wall.month - 1) as usize])
        }))
    }),
    ..DEFAULTS
};

const NAMES: [&str; 12] = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
];
