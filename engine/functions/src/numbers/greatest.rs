use crate::define::*;
use crate::order::compare;

pub(crate) static FUNCTION: Function = Function {
    name: "greatest",
    elsewhere: &["max_of"],
    meaning: "The greatest of some values.",
    parameters: &[ordered("value").repeated()],
    gives: Gives::Same,
    examples: &[
        gives("greatest(3, 1, 2)", "3"),
        gives("greatest(@2026-01-01T00:00:00Z, @2026-02-01T00:00:00Z)", "@2026-02-01T00:00:00Z"),
        gives("greatest(1, null)", "null").note("one that is null makes the whole null"),
        refused("greatest(true, false)", "a value that has an order"),
    ],
    body: Body::Direct(|arguments| {
        let all = (0..arguments.len()).map(|place| arguments.value(place));
        Ok(all.max_by(|a, b| compare(a, b)).cloned().unwrap_or(Value::Null))
    }),
    ..DEFAULTS
};
