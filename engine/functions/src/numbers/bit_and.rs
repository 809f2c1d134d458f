use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "bit_and",
    meaning: "The bits that are set in both ints.",
    parameters: &[int("a"), int("b")],
    gives: Gives::Int,
    examples: &[
        gives("bit_and(12, 10)", "8"),
        gives("bit_and(-1, 255)", "255").note("-1 has all bits set"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Int(arguments.int(0) & arguments.int(1)))),
    ..DEFAULTS
};
