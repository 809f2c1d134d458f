use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "all",
    elsewhere: &["bool_and", "logical_and"],
    meaning: "Is a condition true for each of the events?",
    parameters: &[each("condition")],
    gives: shown("bool"),
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives("all(x > 4)", "true").of("[5, 7, 9]"),
        gives("all(x > 5)", "false").of("[5, 7, 9]"),
        gives("all(x > 4)", "true").of("[5, null]").note("events for which it is null are passed over"),
    ],
    body: Body::Form(Form::Aggregate),
    ..DEFAULTS
};
