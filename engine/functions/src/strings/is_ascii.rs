use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "is_ascii",
    meaning: "Has the text only characters of ASCII?",
    parameters: &[string("text")],
    gives: Gives::Bool,
    examples: &[
        gives(r#"is_ascii("plain")"#, "true"),
        gives(r#"is_ascii("café")"#, "false"),
        gives(r#"is_ascii("")"#, "true").note("there is no other character in it"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Bool(arguments.string(0).is_ascii()))),
    ..DEFAULTS
};
