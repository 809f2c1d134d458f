use crate::define::*;
use super::above_zero;

pub(crate) static FUNCTION: Function = Function {
    name: "log2",
    meaning: "The logarithm to base 2.",
    parameters: &[float("value")],
    gives: Gives::Float,
    errors: &[OutOfRange],
    examples: &[
        gives("log2(1024)", "10.0"),
        fails("log2(0)", OutOfRange).note("only of numbers above zero"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Float(above_zero("the value", arguments.float(0))?.log2()))),
    ..DEFAULTS
};
