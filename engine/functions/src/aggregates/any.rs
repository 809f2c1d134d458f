use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "any",
    elsewhere: &["bool_or", "logical_or"],
    meaning: "Is a condition true for one of the events?",
    parameters: &[each("condition")],
    gives: shown("bool"),
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives("any(x > 8)", "true").of("[5, 7, 9]"),
        gives("any(x > 9)", "false").of("[5, 7, 9]"),
        gives("any(x > 8)", "false").of("[5, null]").note("events for which it is null are passed over"),
    ],
    body: Body::Form(Form::Aggregate),
    ..DEFAULTS
};
