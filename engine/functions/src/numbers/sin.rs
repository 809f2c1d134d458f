use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "sin",
    meaning: "The sine of an angle in radians.",
    parameters: &[float("angle")],
    gives: Gives::Float,
    errors: &[OutOfRange],
    examples: &[
        gives("sin(0)", "0.0"),
        gives("round(sin(radians(30)), 6)", "0.5").note("of 30 degrees"),
        fails(r#"sin(float("inf"))"#, OutOfRange),
    ],
    body: Body::Direct(|arguments| {
        let angle = arguments.float(0);
        if angle.is_infinite() {
            return Err(FunctionError::out_of_range("the angle", "finite", angle));
        }
        Ok(Value::Float(angle.sin()))
    }),
    ..DEFAULTS
};
