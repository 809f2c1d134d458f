use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "bit_xor",
    meaning: "The bits that are set in just one of two ints.",
    parameters: &[int("a"), int("b")],
    gives: Gives::Int,
    examples: &[
        gives("bit_xor(12, 10)", "6"),
        gives("bit_xor(42, 42)", "0").note("with itself nothing is left"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Int(arguments.int(0) ^ arguments.int(1)))),
    ..DEFAULTS
};
