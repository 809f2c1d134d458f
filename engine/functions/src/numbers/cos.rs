use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "cos",
    meaning: "The cosine of an angle in radians.",
    parameters: &[float("angle")],
    gives: Gives::Float,
    errors: &[OutOfRange],
    examples: &[
        gives("cos(0)", "1.0"),
        gives("round(cos(radians(60)), 6)", "0.5").note("of 60 degrees"),
        fails(r#"cos(float("inf"))"#, OutOfRange),
    ],
    body: Body::Direct(|arguments| {
        let angle = arguments.float(0);
        if angle.is_infinite() {
            return Err(FunctionError::out_of_range("the angle", "finite", angle));
        }
        Ok(Value::Float(angle.cos()))
    }),
    ..DEFAULTS
};
