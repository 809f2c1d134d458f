use crate::define::*;
use crate::zone::Zone;

pub(crate) static FUNCTION: Function = Function {
    name: "zone_offset",
    meaning: "How far the clocks of a time zone are ahead of UTC at an instant.",
    parameters: &[timestamp("time"), string("zone")],
    gives: Gives::Duration,
    errors: CALENDAR_ERRORS,
    examples: &[
        gives(r#"zone_offset(@2026-01-01T00:00:00Z, "Europe/Amsterdam")"#, "1h"),
        gives(r#"zone_offset(@2026-07-01T00:00:00Z, "Europe/Amsterdam")"#, "2h").note("summer time"),
        gives(r#"zone_offset(@2026-07-01T00:00:00Z, "America/New_York")"#, "-4h"),
        refused(r#"zone_offset(@2026-07-01T00:00:00Z, "Amsterdam")"#, "no time zone \"Amsterdam\""),
    ],
    body: Body::Prepared(|site| {
        let zone = Zone::new(site, 1)?;
        Ok(Arc::new(move |arguments| {
            Ok(Value::Duration(zone.of(arguments)?.offset(arguments.timestamp(0))?))
        }))
    }),
    ..DEFAULTS
};
