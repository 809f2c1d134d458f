use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "sum",
    meaning: "The sum. Of decimals it is a decimal of 38 digits.",
    parameters: &[each("x: int, float, decimal or duration")],
    gives: shown("same"),
    nulls: Nulls::MayGiveNull,
    limits: "A sum that does not fit its type stops the topology.",
    examples: &[
        gives("sum(x)", "6").of("[1, 2, 3]"),
        gives("sum(x)", "3.75").of("[1.50, 2.25]").note("decimals are exact"),
        gives("sum(x)", "1").of("[1, null]"),
    ],
    body: Body::Form(Form::Aggregate),
    ..DEFAULTS
};
