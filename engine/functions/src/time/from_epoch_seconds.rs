use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "from_epoch_seconds",
    elsewhere: &["from_unixtime", "to_timestamp_ltz"],
    meaning: "The instant that is so many seconds after the epoch.",
    parameters: &[int("seconds")],
    gives: Gives::Timestamp,
    errors: &[Overflow],
    examples: &[
        gives("from_epoch_seconds(1767225600)", "@2026-01-01T00:00:00Z"),
        gives("from_epoch_seconds(-1)", "@1969-12-31T23:59:59Z").note("before the epoch too"),
        fails("from_epoch_seconds(10000000000000)", Overflow),
    ],
    body: Body::Direct(|arguments| {
        let micros = arguments.int(0).checked_mul(1_000_000);
        micros.map(Value::Timestamp).ok_or(FunctionError::Overflow)
    }),
    ..DEFAULTS
};
