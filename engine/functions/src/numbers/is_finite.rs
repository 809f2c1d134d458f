use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "is_finite",
    meaning: "Is this float a number, and not infinite?",
    parameters: &[float("value")],
    gives: Gives::Bool,
    examples: &[
        gives("is_finite(1.5)", "true"),
        gives("is_finite(1e0 / 0e0)", "false").note("floats divide by zero, and give infinity"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Bool(arguments.float(0).is_finite()))),
    ..DEFAULTS
};
