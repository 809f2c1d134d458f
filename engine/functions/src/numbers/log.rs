use crate::define::*;
use super::above_zero;

pub(crate) static FUNCTION: Function = Function {
    name: "log",
    meaning: "The logarithm of a number to a base.",
    parameters: &[float("base"), float("value")],
    gives: Gives::Float,
    errors: &[OutOfRange, DivisionByZero],
    examples: &[
        gives("log(3, 81)", "4.0"),
        fails("log(1, 5)", DivisionByZero).note("no power of 1 is 5"),
        fails("log(10, 0)", OutOfRange),
    ],
    body: Body::Direct(|arguments| {
        let base = above_zero("the base", arguments.float(0))?;
        let value = above_zero("the value", arguments.float(1))?;
        if base == 1.0 {
            return Err(FunctionError::DivisionByZero);
        }
        Ok(Value::Float(value.ln() / base.ln()))
    }),
    ..DEFAULTS
};
