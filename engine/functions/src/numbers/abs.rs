use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "abs",
    meaning: "The number without its sign.",
    parameters: &[number("value")],
    gives: Gives::Same,
    errors: &[Overflow],
    examples: &[
        gives("abs(-5)", "5"),
        gives("abs(-12.50)", "12.50"),
        fails("abs(-9223372036854775807 - 1)", Overflow).note("the least int has no counterpart"),
    ],
    body: Body::Direct(|arguments| {
        Ok(match arguments.value(0) {
            Value::Float(value) => Value::Float(value.abs()),
            Value::Decimal(value) => Value::Decimal(value.checked_abs().ok_or(FunctionError::Overflow)?),
            _ => Value::Int(arguments.int(0).checked_abs().ok_or(FunctionError::Overflow)?),
        })
    }),
    ..DEFAULTS
};
