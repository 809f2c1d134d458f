use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "keys",
    elsewhere: &["map_keys"],
    meaning: "The keys of a map, in their order.",
    parameters: &[dictionary("map")],
    gives: shown("[K]"),
    examples: &[
        gives(r#"keys({ "b": 1, "a": 2 })"#, r#"["a", "b"]"#).note("maps are in the order of their keys"),
        gives(r#"length(keys({ 1: "x" }))"#, "1"),
    ],
    body: Body::Form(Form::Collection),
    ..DEFAULTS
};
