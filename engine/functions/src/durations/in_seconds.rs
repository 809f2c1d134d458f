use crate::define::*;
use crate::calendar::SECOND;

pub(crate) static FUNCTION: Function = Function {
    name: "in_seconds",
    elsewhere: &["total_seconds", "seconds"],
    meaning: "A length of time in seconds, with a fraction; `trunc` gives whole ones.",
    parameters: &[duration("length")],
    gives: Gives::Float,
    examples: &[
        gives("in_seconds(1500ms)", "1.5"),
        gives("in_seconds(@2026-01-01T00:00:00Z - @2026-01-01T00:00:02Z)", "-2.0").note("lengths may be negative"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Float(arguments.duration(0) as f64 / SECOND as f64))),
    ..DEFAULTS
};
