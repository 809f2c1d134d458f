use crate::define::*;
use super::above_zero;

pub(crate) static FUNCTION: Function = Function {
    name: "log10",
    meaning: "The logarithm to base 10.",
    parameters: &[float("value")],
    gives: Gives::Float,
    errors: &[OutOfRange],
    examples: &[
        gives("log10(1000)", "3.0"),
        fails("log10(-1)", OutOfRange).note("only of numbers above zero"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Float(above_zero("the value", arguments.float(0))?.log10()))),
    ..DEFAULTS
};
