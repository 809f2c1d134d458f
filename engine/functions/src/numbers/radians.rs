use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "radians",
    meaning: "An angle in degrees as radians.",
    parameters: &[float("angle")],
    gives: Gives::Float,
    examples: &[
        gives("round(radians(180), 6)", "3.141593"),
        gives("radians(-0.0)", "0.0").note("no angle at all"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Float(arguments.float(0).to_radians()))),
    ..DEFAULTS
};
