use crate::define::*;

use crate::decimal::{Rounding, round_to_unit};

pub(crate) static FUNCTION: Function = Function {
    name: "ceil",
    aliases: &["ceiling"],
    meaning: "The least whole number that is not below the value.",
    parameters: &[fraction("value")],
    gives: Gives::Int,
    errors: &[Overflow],
    examples: &[
        gives("ceil(12.25)", "13"),
        gives("ceil(-0.5)", "0").note("towards plus infinity"),
        fails("ceil(1e300)", Overflow),
    ],
    body: Body::Direct(|arguments| match arguments.value(0) {
        Value::Decimal(digits) => round_to_unit(*digits, arguments.scale(0), Rounding::Up),
        _ => whole(arguments.float(0).ceil()),
    }),
    ..DEFAULTS
};
