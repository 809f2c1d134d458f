use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "tan",
    meaning: "The tangent of an angle in radians.",
    parameters: &[float("angle")],
    gives: Gives::Float,
    errors: &[OutOfRange],
    examples: &[
        gives("tan(0)", "0.0"),
        gives("round(tan(radians(45)), 6)", "1.0").note("of 45 degrees"),
        fails(r#"tan(float("inf"))"#, OutOfRange),
    ],
    body: Body::Direct(|arguments| {
        let angle = arguments.float(0);
        if angle.is_infinite() {
            return Err(FunctionError::out_of_range("the angle", "finite", angle));
        }
        Ok(Value::Float(angle.tan()))
    }),
    ..DEFAULTS
};
