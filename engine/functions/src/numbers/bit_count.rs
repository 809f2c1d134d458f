use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "bit_count",
    meaning: "How many of the 64 bits of an int are set.",
    parameters: &[int("value")],
    gives: Gives::Int,
    examples: &[
        gives("bit_count(13)", "3"),
        gives("bit_count(-1)", "64").note("-1 has all bits set"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Int(i64::from(arguments.int(0).count_ones())))),
    ..DEFAULTS
};
