use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "epoch_millis",
    elsewhere: &["to_unix_millis", "to_millis"],
    meaning: "Milliseconds from the epoch to an instant, rounded towards the past.",
    parameters: &[timestamp("time")],
    gives: Gives::Int,
    examples: &[
        gives("epoch_millis(@1970-01-01T00:00:01.5Z)", "1500"),
        gives("epoch_millis(@1969-12-31T23:59:59.999500Z)", "-1").note("before the epoch they are negative"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Int(arguments.timestamp(0).div_euclid(1000)))),
    ..DEFAULTS
};
