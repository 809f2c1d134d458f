use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "bit_or",
    meaning: "The bits that are set in one of two ints, or in both.",
    parameters: &[int("a"), int("b")],
    gives: Gives::Int,
    examples: &[
        gives("bit_or(12, 10)", "14"),
        gives("bit_or(0, -1)", "-1").note("-1 has all bits set"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Int(arguments.int(0) | arguments.int(1)))),
    ..DEFAULTS
};
