use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "has_key",
    elsewhere: &["map_contains_key"],
    meaning: "Is there an entry of this key? `key in map` says the same.",
    parameters: &[dictionary("map"), any("key")],
    gives: shown("bool"),
    examples: &[
        gives(r#"has_key({ "a": null, "b": 1 }, "a")"#, "true").note("though its value is null"),
        gives(r#"has_key({ "a": 1 }, "c")"#, "false"),
    ],
    body: Body::Form(Form::Collection),
    ..DEFAULTS
};
