use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "mod",
    elsewhere: &["modulo", "remainder"],
    meaning: "What remains of a division, with the sign of the value, as `%` gives it.",
    parameters: &[number("value"), number("divisor")],
    gives: Gives::Same,
    errors: &[DivisionByZero, Overflow],
    examples: &[
        gives("mod(17, 5)", "2"),
        gives("mod(-17, 5)", "-2").note("the sign is that of the value"),
        gives("mod(7.50, 2)", "1.50"),
        fails("mod(1, 0)", DivisionByZero),
    ],
    body: Body::Direct(|arguments| match (arguments.value(0), arguments.value(1)) {
        (Value::Float(_), Value::Float(0.0)) | (_, Value::Int(0) | Value::Decimal(0)) => {
            Err(FunctionError::DivisionByZero)
        }
        (Value::Float(value), Value::Float(divisor)) => Ok(Value::Float(value % divisor)),
        (Value::Decimal(value), Value::Decimal(divisor)) => {
            value.checked_rem(*divisor).map(Value::Decimal).ok_or(FunctionError::Overflow)
        }
        _ => {
            let rest = arguments.int(0).checked_rem(arguments.int(1));
            rest.map(Value::Int).ok_or(FunctionError::Overflow)
        }
    }),
    ..DEFAULTS
};
