use crate::define::*;
use crate::calendar::MINUTE;

pub(crate) static FUNCTION: Function = Function {
    name: "in_minutes",
    meaning: "A length of time in minutes, with a fraction; `trunc` gives whole ones.",
    parameters: &[duration("length")],
    gives: Gives::Float,
    examples: &[
        gives("in_minutes(90s)", "1.5"),
        gives("in_minutes(-30s)", "-0.5").note("lengths may be negative"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Float(arguments.duration(0) as f64 / MINUTE as f64))),
    ..DEFAULTS
};
