use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "acos",
    meaning: "The angle in radians whose cosine this is.",
    parameters: &[float("cosine")],
    gives: Gives::Float,
    errors: &[OutOfRange],
    examples: &[
        gives("degrees(acos(0))", "90.0"),
        fails("acos(-2)", OutOfRange).note("a cosine is between -1 and 1"),
    ],
    body: Body::Direct(|arguments| {
        let value = arguments.float(0);
        if value.abs() > 1.0 {
            return Err(FunctionError::out_of_range("a cosine", "between -1 and 1", value));
        }
        Ok(Value::Float(value.acos()))
    }),
    ..DEFAULTS
};
