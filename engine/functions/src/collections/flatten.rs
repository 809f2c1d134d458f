use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "flatten",
    elsewhere: &["array_flatten"],
    meaning: "The elements of the lists of a list, one behind the other; null lists are passed over.",
    parameters: &[list("lists")],
    gives: shown("[T]"),
    errors: &[TooLong],
    examples: &[
        gives("flatten([[1, 2], [3]])", "[1, 2, 3]"),
        gives("flatten([[1], null])", "[1]").note("a null list is passed over"),
    ],
    body: Body::Form(Form::Collection),
    ..DEFAULTS
};
