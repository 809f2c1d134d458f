use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "last",
    meaning: "The last element of a list; null if it has none.",
    parameters: &[list("list")],
    gives: shown("T"),
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives("last([3, 1, 2])", "2"),
        gives("last(range(0))", "null").note("there is none"),
    ],
    body: Body::Form(Form::Collection),
    ..DEFAULTS
};
