use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "asin",
    meaning: "The angle in radians whose sine this is.",
    parameters: &[float("sine")],
    gives: Gives::Float,
    errors: &[OutOfRange],
    examples: &[
        gives("degrees(asin(1))", "90.0"),
        fails("asin(1.5)", OutOfRange).note("a sine is between -1 and 1"),
    ],
    body: Body::Direct(|arguments| {
        let value = arguments.float(0);
        if value.abs() > 1.0 {
            return Err(FunctionError::out_of_range("a sine", "between -1 and 1", value));
        }
        Ok(Value::Float(value.asin()))
    }),
    ..DEFAULTS
};
