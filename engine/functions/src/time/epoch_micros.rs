use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "epoch_micros",
    meaning: "Microseconds from the epoch to an instant: exactly what a timestamp holds.",
    parameters: &[timestamp("time")],
    gives: Gives::Int,
    examples: &[
        gives("epoch_micros(@1970-01-01T00:00:01Z)", "1000000"),
        gives("epoch_micros(@1969-12-31T23:59:59.999999Z)", "-1").note("before the epoch they are negative"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Int(arguments.timestamp(0)))),
    ..DEFAULTS
};
