use crate::define::*;
use crate::calendar::HOUR;

pub(crate) static FUNCTION: Function = Function {
    name: "in_hours",
    meaning: "A length of time in hours, with a fraction; `trunc` gives whole ones.",
    parameters: &[duration("length")],
    gives: Gives::Float,
    examples: &[
        gives("in_hours(90m)", "1.5"),
        gives("in_hours(-30m)", "-0.5").note("lengths may be negative"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Float(arguments.duration(0) as f64 / HOUR as f64))),
    ..DEFAULTS
};
