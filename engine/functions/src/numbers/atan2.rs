use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "atan2",
    meaning: "The angle of the point (x, y) from the x axis, in radians from -pi to pi.",
    parameters: &[float("y"), float("x")],
    gives: Gives::Float,
    examples: &[
        gives("degrees(atan2(1, 1))", "45.0"),
        gives("atan2(0, 0)", "0.0").note("the point in the middle has the angle 0"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Float(arguments.float(0).atan2(arguments.float(1))))),
    ..DEFAULTS
};
