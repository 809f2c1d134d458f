use crate::define::*;
use crate::decimal::Rounding;
use crate::rounding::{rounded, rounded_type};

pub(crate) static FUNCTION: Function = Function {
    name: "round_half_even",
    aliases: &["bround"],
    meaning: "The nearest number with so many digits behind the point; half goes to the even neighbour, as banks round.",
    parameters: &[fraction("value"), int("digits").constant()],
    gives: Gives::Computed { shown: "same", of: rounded_type },
    errors: &[Overflow],
    examples: &[
        gives("round_half_even(12.345, 2)", "12.34"),
        gives("round_half_even(12.355, 2)", "12.36"),
        gives("round_half_even(2.5, 0)", "2").note("a decimal keeps no digits that were rounded away"),
    ],
    body: Body::Direct(|arguments| rounded(arguments, Rounding::HalfEven)),
    ..DEFAULTS
};
