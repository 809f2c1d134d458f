use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "is_nan",
    elsewhere: &["isnan"],
    meaning: "Is this float no number, as 0 divided by 0 is?",
    parameters: &[float("value")],
    gives: Gives::Bool,
    examples: &[
        gives("is_nan(1.5)", "false"),
        gives(r#"is_nan(float("NaN"))"#, "true"),
        gives(r#"is_nan(float("inf"))"#, "false").note("infinity is a number here"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Bool(arguments.float(0).is_nan()))),
    ..DEFAULTS
};
