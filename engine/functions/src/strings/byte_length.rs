use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "byte_length",
    aliases: &["octet_length"],
    meaning: "How many bytes a text has in UTF-8.",
    parameters: &[string("text")],
    gives: Gives::Int,
    examples: &[
        gives(r#"byte_length("tide")"#, "4"),
        gives(r#"byte_length("€")"#, "3").note("one character, three bytes"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Int(arguments.string(0).len() as i64))),
    ..DEFAULTS
};
