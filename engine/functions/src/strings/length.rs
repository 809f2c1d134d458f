use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "length",
    elsewhere: &["len", "char_length", "character_length", "size", "cardinality"],
    meaning: "How many characters a text has, or elements a list or a map.",
    parameters: &[string("text")],
    gives: Gives::Int,
    examples: &[
        gives(r#"length("tide")"#, "4"),
        gives(r#"length("né€")"#, "3").note("characters, not bytes"),
        gives(r#"length("")"#, "0"),
        gives("length([7, 8, 9])", "3"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Int(arguments.string(0).chars().count() as i64))),
    ..DEFAULTS
};
