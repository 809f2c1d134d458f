use crate::define::*;

use crate::decimal::{Rounding, round_to_unit};

pub(crate) static FUNCTION: Function = Function {
    name: "floor",
    meaning: "The greatest whole number that is not above the value.",
    parameters: &[fraction("value")],
    gives: Gives::Int,
    errors: &[Overflow],
    examples: &[
        gives("floor(12.75)", "12"),
        gives("floor(-0.5)", "-1").note("towards minus infinity"),
        fails("floor(1e300)", Overflow),
    ],
    body: Body::Direct(|arguments| match arguments.value(0) {
        Value::Decimal(digits) => round_to_unit(*digits, arguments.scale(0), Rounding::Down),
        _ => whole(arguments.float(0).floor()),
    }),
    ..DEFAULTS
};
