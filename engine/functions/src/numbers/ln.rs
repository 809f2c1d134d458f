use crate::define::*;
use super::above_zero;

pub(crate) static FUNCTION: Function = Function {
    name: "ln",
    elsewhere: &["loge"],
    meaning: "The natural logarithm.",
    parameters: &[float("value")],
    gives: Gives::Float,
    errors: &[OutOfRange],
    examples: &[
        gives("ln(1)", "0.0"),
        gives("round(ln(10), 6)", "2.302585"),
        fails("ln(0)", OutOfRange).note("only of numbers above zero"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Float(above_zero("the value", arguments.float(0))?.ln()))),
    ..DEFAULTS
};
