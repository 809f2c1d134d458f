use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "collect",
    elsewhere: &["array_agg", "collect_list", "list_agg"],
    meaning: "A list of the values, in the order read: the first ones up to a limit.",
    parameters: &[any("x"), int("limit").or("1000").constant()],
    gives: shown("[T]"),
    examples: &[
        gives("collect(x)", "[3, 1]").of("[3, null, 1]"),
        gives("collect(x, 2)", "[3, 1]").of("[3, 1, 2]").note("no more than the limit"),
    ],
    body: Body::Form(Form::Aggregate),
    ..DEFAULTS
};
