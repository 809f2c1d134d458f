use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "max",
    meaning: "The greatest element of a list; null ones are passed over. In `aggregate` and `rolling` it is that over events.",
    parameters: &[list("list")],
    gives: shown("T"),
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives("max([3, 1, null])", "3"),
        gives("max(range(0))", "null").note("of nothing"),
    ],
    body: Body::Form(Form::Collection),
    ..DEFAULTS
};
