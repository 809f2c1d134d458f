use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "count_if",
    elsewhere: &["countif"],
    meaning: "For how many events a condition is true.",
    parameters: &[each("condition")],
    gives: shown("int"),
    examples: &[
        gives("count_if(x > 5)", "2").of("[5, 7, 9]"),
        gives("count_if(x > 5)", "1").of("[5, 7, null]").note("null is not true"),
    ],
    body: Body::Form(Form::Aggregate),
    ..DEFAULTS
};
