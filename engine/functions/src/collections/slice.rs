use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "slice",
    elsewhere: &["array_slice"],
    meaning: "The elements from one place on, and before another; both count from 0, or from the end if they are negative.",
    parameters: &[list("list"), int("from"), int("to")],
    gives: shown("[T]"),
    examples: &[
        gives("slice([1, 2, 3, 4], 1, 3)", "[2, 3]"),
        gives("slice([1, 2, 3, 4], -2, 9)", "[3, 4]").note("places behind the end are the end"),
        gives("slice([1, 2, 3, 4], 3, 1)", "[]"),
    ],
    body: Body::Form(Form::Collection),
    ..DEFAULTS
};
