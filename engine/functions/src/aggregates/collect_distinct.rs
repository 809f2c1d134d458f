use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "collect_distinct",
    elsewhere: &["collect_set"],
    meaning: "A list of the different values, least first: of the first ones up to a limit.",
    parameters: &[any("x"), int("limit").or("1000").constant()],
    gives: shown("[T]"),
    examples: &[
        gives("collect_distinct(x)", "[1, 3]").of("[3, 1, 3, null]"),
        gives("collect_distinct(x, 2)", "[1, 3]").of("[3, 1, 2]").note("the first two that differ"),
    ],
    body: Body::Form(Form::Aggregate),
    ..DEFAULTS
};
