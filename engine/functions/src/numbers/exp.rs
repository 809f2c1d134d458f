use crate::define::*;
use super::finite_from;

pub(crate) static FUNCTION: Function = Function {
    name: "exp",
    meaning: "Euler's number raised to a power.",
    parameters: &[float("exponent")],
    gives: Gives::Float,
    errors: &[Overflow],
    examples: &[
        gives("exp(0)", "1.0"),
        gives("round(exp(1), 6)", "2.718282"),
        fails("exp(1000)", Overflow).note("no float is as large"),
    ],
    body: Body::Direct(|arguments| finite_from(&[arguments.float(0)], arguments.float(0).exp())),
    ..DEFAULTS
};
