use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "values",
    meaning: "The values of a map, in the order of their keys.",
    parameters: &[dictionary("map")],
    gives: shown("[V]"),
    examples: &[
        gives(r#"values({ "b": 1, "a": 2 })"#, "[2, 1]").note("the order is that of the keys"),
        gives(r#"sum(values({ "b": 1, "a": 2 }))"#, "3"),
    ],
    body: Body::Form(Form::Collection),
    ..DEFAULTS
};
