use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "atan",
    meaning: "The angle in radians whose tangent this is.",
    parameters: &[float("tangent")],
    gives: Gives::Float,
    examples: &[
        gives("degrees(atan(1))", "45.0"),
        gives(r#"degrees(atan(float("inf")))"#, "90.0").note("the steepest there is"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Float(arguments.float(0).atan()))),
    ..DEFAULTS
};
