use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "first",
    meaning: "The first element of a list; null if it has none.",
    parameters: &[list("list")],
    gives: shown("T"),
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives("first([3, 1, 2])", "3"),
        gives(r#"first(split("a/b", "/"))"#, r#""a""#),
        gives("first(range(0))", "null").note("there is none"),
    ],
    body: Body::Form(Form::Collection),
    ..DEFAULTS
};
