use crate::define::*;

use crate::decimal::{Rounding, round_to_unit};
use crate::rounding::{rounded, rounded_type};

pub(crate) static FUNCTION: Function = Function {
    name: "round",
    meaning: "The nearest whole number as an int, or (with `digits`) the nearest number with so many digits behind the point; half goes away from zero.",
    parameters: &[fraction("value"), int("digits").constant().or("to an int")],
    gives: Gives::Computed { shown: "int, or same", of: |site| rounded_type(site) },
    errors: &[Overflow],
    examples: &[
        gives("round(12.50)", "13"),
        gives("round(12.345, 2)", "12.35"),
        gives("round(-12.50)", "-13").note("half goes away from zero"),
        gives("round(1250.00, -2)", "1300").note("to hundreds"),
    ],
    body: Body::Direct(|arguments| match (arguments.value(0), arguments.optional_int(1)) {
        (Value::Decimal(digits), None) => round_to_unit(*digits, arguments.scale(0), Rounding::HalfUp),
        (_, None) => whole(arguments.float(0).round()),
        (_, Some(_)) => rounded(arguments, Rounding::HalfUp),
    }),
    ..DEFAULTS
};
