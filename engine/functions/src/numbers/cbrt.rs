use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "cbrt",
    meaning: "The number whose third power this is: the cube root.",
    parameters: &[float("value")],
    gives: Gives::Float,
    examples: &[
        gives("cbrt(27)", "3.0"),
        gives("cbrt(-8)", "-2.0").note("of numbers below zero too"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Float(arguments.float(0).cbrt()))),
    ..DEFAULTS
};
