use crate::define::*;
use super::format::{Direction, format, parse};
use crate::zone::Zone;

pub(crate) static FUNCTION: Function = Function {
    name: "parse_time",
    aliases: &["strptime"],
    elsewhere: &["to_timestamp", "to_date", "str_to_date", "parse_timestamp", "stringtotimestamp"],
    meaning: "The instant that a text says in a format such as `%d/%m/%Y`; without an offset in the text it is the time of a zone's clock, and what is not in the format is the first there is (midnight, the first of the month).",
    parameters: &[string("text"), string("format").constant(), ZONE],
    gives: Gives::Timestamp,
    errors: &[Unreadable, UnknownZone, Overflow],
    examples: &[
        gives(r#"parse_time("01/03/2026 10:05", "%d/%m/%Y %H:%M")"#, "@2026-03-01T10:05:00Z"),
        gives(r#"parse_time("01/07/2026", "%d/%m/%Y", "Europe/Amsterdam")"#, "@2026-06-30T22:00:00Z")
            .note("midnight in Amsterdam"),
        gives(r#"parse_time("2026-03-01T10:05:00+0530", "%Y-%m-%dT%H:%M:%S%z", "Europe/Amsterdam")"#, "@2026-03-01T04:35:00Z")
            .note("an offset in the text goes before the zone"),
        fails(r#"parse_time("31/02/2026", "%d/%m/%Y")"#, Unreadable).note("a date that does not exist"),
        refused(r#"parse_time("10:05", "%H:%M")"#, "does not say a date"),
    ],
    body: Body::Prepared(|site| {
        let items = format(site, 1, Direction::Read)?;
        let zone = Zone::new(site, 2)?;
        Ok(Arc::new(move |arguments| {
            let micros = parse(arguments.string(0), &items, zone.of(arguments)?)?;
            Ok(Value::Timestamp(micros))
        }))
    }),
    ..DEFAULTS
};
