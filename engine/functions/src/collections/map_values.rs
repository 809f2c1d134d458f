use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "map_values",
    meaning: "A map with the same keys, and the value of an expression for each value.",
    parameters: &[dictionary("map"), each("v => …")],
    gives: shown("{K: U}"),
    examples: &[
        gives(r#"map_values({ "a": 1, "b": 2 }, v => v * 2)"#, r#"{ "a": 2, "b": 4 }"#),
        gives(r#"map_values({ "a": null, "b": 1 }, v => v ?? 0)"#, r#"{ "a": 0, "b": 1 }"#).note("null is given to the expression"),
    ],
    body: Body::Form(Form::Collection),
    ..DEFAULTS
};
