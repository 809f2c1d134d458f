use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "first",
    meaning: "The value of the event with the earliest time; among equal times of the one that was read first.",
    parameters: &[any("x")],
    gives: shown("same"),
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives("first(x)", "3").of("[3, 1, 2]").note("all examples are of events in the order of their times"),
        gives("first(x)", "1").of("[null, 1]").note("nulls are passed over"),
    ],
    body: Body::Form(Form::Aggregate),
    ..DEFAULTS
};
