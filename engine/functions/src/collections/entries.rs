use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "entries",
    elsewhere: &["map_entries"],
    meaning: "The entries of a map as records of `key` and `value`, in the order of the keys.",
    parameters: &[dictionary("map")],
    gives: shown("[{ key, value }]"),
    examples: &[
        gives(r#"entries({ "a": 1 })"#, r#"[{ key: "a", value: 1 }]"#),
        gives(r#"map(entries({ "b": 1, "a": 2 }), e => e.value)"#, "[2, 1]").note("the order is that of the keys"),
    ],
    body: Body::Form(Form::Collection),
    ..DEFAULTS
};
