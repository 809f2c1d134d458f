use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "find",
    meaning: "The first element of a list for which a condition is true; null if there is none.",
    parameters: &[list("list"), each("x => condition")],
    gives: shown("T"),
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives("find([1, 2, 3], x => x > 1)", "2"),
        gives("find([1, 2, 3], x => x > 5)", "null").note("there is none"),
    ],
    body: Body::Form(Form::Collection),
    ..DEFAULTS
};
