use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "try_float",
    meaning: "A text read as a float; null if it is none, where `float` would be an error.",
    parameters: &[string("text")],
    gives: Gives::Float,
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives(r#"try_float("1.5")"#, "1.5"),
        gives(r#"try_float("1,5")"#, "null").note("no error"),
    ],
    body: Body::Direct(|arguments| Ok(arguments.string(0).parse().map_or(Value::Null, Value::Float))),
    ..DEFAULTS
};
