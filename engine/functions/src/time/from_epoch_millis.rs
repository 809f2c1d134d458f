use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "from_epoch_millis",
    elsewhere: &["timestamp_millis", "millis_to_timestamp"],
    meaning: "The instant that is so many milliseconds after the epoch.",
    parameters: &[int("millis")],
    gives: Gives::Timestamp,
    errors: &[Overflow],
    examples: &[
        gives("from_epoch_millis(1767225600250)", "@2026-01-01T00:00:00.250Z"),
        gives("from_epoch_millis(-1)", "@1969-12-31T23:59:59.999Z").note("before the epoch too"),
        fails("from_epoch_millis(10000000000000000)", Overflow),
    ],
    body: Body::Direct(|arguments| {
        let micros = arguments.int(0).checked_mul(1000);
        micros.map(Value::Timestamp).ok_or(FunctionError::Overflow)
    }),
    ..DEFAULTS
};
