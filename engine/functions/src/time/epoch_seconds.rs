use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "epoch_seconds",
    elsewhere: &["unix_timestamp", "to_unixtime", "epoch"],
    meaning: "Seconds from the epoch to an instant, rounded towards the past.",
    parameters: &[timestamp("time")],
    gives: Gives::Int,
    examples: &[
        gives("epoch_seconds(@2026-01-01T00:00:00Z)", "1767225600"),
        gives("epoch_seconds(@1969-12-31T23:59:59.500Z)", "-1").note("before the epoch they are negative"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Int(arguments.timestamp(0).div_euclid(1_000_000)))),
    ..DEFAULTS
};
