use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "bit_not",
    meaning: "All 64 bits of an int turned over.",
    parameters: &[int("value")],
    gives: Gives::Int,
    examples: &[
        gives("bit_not(0)", "-1"),
        gives("bit_not(-9223372036854775807 - 1)", "9223372036854775807").note("the least becomes the greatest"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Int(!arguments.int(0)))),
    ..DEFAULTS
};
