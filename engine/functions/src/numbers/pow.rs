use crate::define::*;
use super::finite_from;

pub(crate) static FUNCTION: Function = Function {
    name: "pow",
    aliases: &["power"],
    meaning: "A number raised to a power, as a float.",
    parameters: &[float("base"), float("exponent")],
    gives: Gives::Float,
    errors: &[Overflow, OutOfRange, DivisionByZero],
    examples: &[
        gives("pow(2, 10)", "1024.0"),
        gives("pow(2.25, 0.5)", "1.5"),
        fails("pow(10, 400)", Overflow).note("no float is as large"),
        fails("pow(0, -1)", DivisionByZero),
        fails("pow(-8, 0.5)", OutOfRange),
    ],
    body: Body::Direct(|arguments| {
        let (base, exponent) = (arguments.float(0), arguments.float(1));
        if base == 0.0 && exponent < 0.0 {
            return Err(FunctionError::DivisionByZero);
        }
        let power = base.powf(exponent);
        if power.is_nan() && !base.is_nan() && !exponent.is_nan() {
            return Err(FunctionError::out_of_range("the exponent of a base below 0", "a whole number", exponent));
        }
        finite_from(&[base, exponent], power)
    }),
    ..DEFAULTS
};
