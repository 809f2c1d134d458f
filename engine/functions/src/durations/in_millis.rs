use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "in_millis",
    elsewhere: &["total_millis"],
    meaning: "A length of time in whole milliseconds, rounded towards zero.",
    parameters: &[duration("length")],
    gives: Gives::Int,
    examples: &[
        gives("in_millis(1500ms)", "1500"),
        gives("in_millis(1999us)", "1").note("towards zero"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Int(arguments.duration(0) / 1000))),
    ..DEFAULTS
};
