use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "sign",
    elsewhere: &["signum", "sgn"],
    meaning: "-1 for a number below zero, 1 for one above, and 0 for zero.",
    parameters: &[number("value")],
    gives: Gives::Int,
    errors: &[OutOfRange],
    examples: &[
        gives("sign(-12.50)", "-1"),
        gives("sign(0)", "0"),
        gives("sign(3e0)", "1"),
        fails(r#"sign(float("NaN"))"#, OutOfRange).note("what is no number has no sign"),
    ],
    body: Body::Direct(|arguments| {
        let sign = match arguments.value(0) {
            Value::Decimal(value) => value.signum() as i64,
            Value::Float(value) if value.is_nan() => {
                return Err(FunctionError::out_of_range("the value", "a number", value));
            }
            Value::Float(value) if *value == 0.0 => 0,
            Value::Float(value) => value.signum() as i64,
            _ => arguments.int(0).signum(),
        };
        Ok(Value::Int(sign))
    }),
    ..DEFAULTS
};
