use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "try_int",
    elsewhere: &["try_cast", "try_to_number"],
    meaning: "A text read as an int; null if it is none, where `int` would be an error.",
    parameters: &[string("text")],
    gives: Gives::Int,
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives(r#"try_int("42")"#, "42"),
        gives(r#"try_int("42 pieces")"#, "null").note("no error"),
        gives(r#"try_int("x") ?? 0"#, "0"),
    ],
    body: Body::Direct(|arguments| Ok(arguments.string(0).parse().map_or(Value::Null, Value::Int))),
    ..DEFAULTS
};
