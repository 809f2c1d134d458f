use crate::define::*;
use super::finite_from;

pub(crate) static FUNCTION: Function = Function {
    name: "degrees",
    meaning: "An angle in radians as degrees.",
    parameters: &[float("angle")],
    gives: Gives::Float,
    errors: &[Overflow],
    examples: &[
        gives("degrees(pi())", "180.0"),
        gives("degrees(0)", "0.0").note("no angle at all"),
    ],
    body: Body::Direct(|arguments| finite_from(&[arguments.float(0)], arguments.float(0).to_degrees())),
    ..DEFAULTS
};
