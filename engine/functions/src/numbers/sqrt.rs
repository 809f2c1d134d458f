use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "sqrt",
    meaning: "The number whose square this is: the square root.",
    parameters: &[float("value")],
    gives: Gives::Float,
    errors: &[OutOfRange],
    examples: &[
        gives("sqrt(2.25)", "1.5"),
        gives("sqrt(16)", "4.0"),
        fails("sqrt(-1)", OutOfRange).note("of no number below zero"),
    ],
    body: Body::Direct(|arguments| {
        let value = arguments.float(0);
        if value < 0.0 {
            return Err(FunctionError::out_of_range("the value", "at least 0", value));
        }
        Ok(Value::Float(value.sqrt()))
    }),
    ..DEFAULTS
};
