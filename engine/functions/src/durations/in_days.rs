use crate::define::*;
use crate::calendar::DAY;

pub(crate) static FUNCTION: Function = Function {
    name: "in_days",
    meaning: "A length of time in days, with a fraction; `trunc` gives whole ones.",
    parameters: &[duration("length")],
    gives: Gives::Float,
    examples: &[
        gives("in_days(36h)", "1.5"),
        gives("in_days(-12h)", "-0.5").note("lengths may be negative"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Float(arguments.duration(0) as f64 / DAY as f64))),
    ..DEFAULTS
};
