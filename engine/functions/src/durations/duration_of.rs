use crate::define::*;
use crate::calendar::Unit;

pub(crate) static FUNCTION: Function = Function {
    name: "duration_of",
    meaning: "So many seconds, minutes, hours, days or weeks as a length of time.",
    parameters: &[int("count"), string("unit").constant()],
    gives: Gives::Duration,
    errors: &[Overflow],
    examples: &[
        gives(r#"duration_of(90, "minute")"#, "1h30m"),
        gives(r#"duration_of(-2, "day")"#, "-2d").note("lengths may be negative"),
        fails(r#"duration_of(9000000000, "day")"#, Overflow),
        refused(r#"duration_of(1, "month")"#, "no fixed length").note("see `add_months`"),
    ],
    body: Body::Prepared(|site| {
        let unit = Unit::new(site, 1)?;
        let unfixed = || {
            BadArgument::new(1, "a month, quarter or year has no fixed length")
                .note("to move an instant by months: `add_months(time, months)`")
        };
        let length = unit.length().ok_or_else(unfixed)?;
        Ok(Arc::new(move |arguments| {
            arguments.int(0).checked_mul(length).map(Value::Duration).ok_or(FunctionError::Overflow)
        }))
    }),
    ..DEFAULTS
};
