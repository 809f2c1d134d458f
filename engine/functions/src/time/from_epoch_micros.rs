use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "from_epoch_micros",
    meaning: "The instant that is so many microseconds after the epoch.",
    parameters: &[int("micros")],
    gives: Gives::Timestamp,
    examples: &[
        gives("from_epoch_micros(1767225600000250)", "@2026-01-01T00:00:00.000250Z"),
        gives("from_epoch_micros(-1)", "@1969-12-31T23:59:59.999999Z").note("before the epoch too"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Timestamp(arguments.int(0)))),
    ..DEFAULTS
};
