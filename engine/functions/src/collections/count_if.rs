use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "count_if",
    meaning: "For how many elements of a list a condition is true.",
    parameters: &[list("list"), each("x => condition")],
    gives: shown("int"),
    examples: &[
        gives("count_if([1, 2, 3], x => x > 1)", "2"),
        gives("count_if([1, null], x => x > 5)", "0").note("null is not true"),
    ],
    body: Body::Form(Form::Collection),
    ..DEFAULTS
};
