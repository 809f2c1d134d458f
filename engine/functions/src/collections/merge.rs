use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "merge",
    elsewhere: &["map_concat"],
    meaning: "The entries of two maps; where both have a key, the value of the second one.",
    parameters: &[dictionary("map"), dictionary("over")],
    gives: shown("{K: V}"),
    errors: &[TooLong],
    examples: &[
        gives(r#"merge({ "a": 1, "b": 1 }, { "b": 2 })"#, r#"{ "a": 1, "b": 2 }"#),
        gives(r#"merge({ "a": 1 }, {})"#, r#"{ "a": 1 }"#).note("nothing to add"),
    ],
    body: Body::Form(Form::Collection),
    ..DEFAULTS
};
