use crate::define::*;
use crate::decimal::{Rounding, round_to_unit};
use crate::rounding::{rounded, rounded_type};

pub(crate) static FUNCTION: Function = Function {
    name: "trunc",
    elsewhere: &["truncate", "fix"],
    meaning: "The whole part of a number as an int, or (with `digits`) the number with the digits behind those cut off.",
    parameters: &[fraction("value"), int("digits").constant().or("to an int")],
    gives: Gives::Computed { shown: "int, or same", of: rounded_type },
    errors: &[Overflow],
    examples: &[
        gives("trunc(12.75)", "12"),
        gives("trunc(-12.75)", "-12").note("towards zero"),
        gives("trunc(12.349, 2)", "12.34"),
    ],
    body: Body::Direct(|arguments| match (arguments.value(0), arguments.optional_int(1)) {
        (Value::Decimal(digits), None) => round_to_unit(*digits, arguments.scale(0), Rounding::TowardsZero),
        (_, None) => whole(arguments.float(0).trunc()),
        (_, Some(_)) => rounded(arguments, Rounding::TowardsZero),
    }),
    ..DEFAULTS
};
