use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "min",
    meaning: "The least element of a list; null ones are passed over. In `aggregate` and `rolling` it is that over events.",
    parameters: &[list("list")],
    gives: shown("T"),
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives("min([3, 1, null])", "1"),
        gives(r#"min(["b", "a"])"#, r#""a""#),
        gives("min(range(0))", "null").note("of nothing"),
    ],
    body: Body::Form(Form::Collection),
    ..DEFAULTS
};
