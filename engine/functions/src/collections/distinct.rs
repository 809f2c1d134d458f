use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "distinct",
    elsewhere: &["array_distinct", "unique"],
    meaning: "Of equal elements only the first, in the order of the list.",
    parameters: &[list("list")],
    gives: shown("[T]"),
    examples: &[
        gives("distinct([2, 1, 2, 3, 1])", "[2, 1, 3]"),
        gives("distinct([1, null, null])", "[1, null]").note("null is equal to null here"),
    ],
    body: Body::Form(Form::Collection),
    ..DEFAULTS
};
