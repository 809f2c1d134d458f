use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "filter",
    meaning: "The elements of a list for which a condition is true.",
    parameters: &[list("list"), each("x => condition")],
    gives: shown("[T]"),
    examples: &[
        gives("filter([1, 2, 3], x => x > 1)", "[2, 3]"),
        gives("filter([1, null], x => x > 0)", "[1]").note("null is not true"),
    ],
    body: Body::Form(Form::Collection),
    ..DEFAULTS
};
