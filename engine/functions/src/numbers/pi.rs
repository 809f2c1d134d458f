use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "pi",
    meaning: "The number pi as a float.",
    parameters: &[],
    gives: Gives::Float,
    examples: &[
        gives("pi()", "3.141592653589793"),
        gives("cos(pi())", "-1.0").note("as near as a float is"),
    ],
    body: Body::Direct(|_| Ok(Value::Float(std::f64::consts::PI))),
    ..DEFAULTS
};
