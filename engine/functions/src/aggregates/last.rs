use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "last",
    elsewhere: &["latest_value"],
    meaning: "The value of the event with the latest time; among equal times of the one that was read last.",
    parameters: &[any("x")],
    gives: shown("same"),
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives("last(x)", "2").of("[3, 1, 2]"),
        gives("last(x)", "1").of("[1, null]").note("nulls are passed over"),
    ],
    body: Body::Form(Form::Aggregate),
    ..DEFAULTS
};
