use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "count",
    meaning: "How many events there are; with an argument: for how many it is not null.",
    parameters: &[any("x").or("all events")],
    gives: shown("int"),
    examples: &[
        gives("count()", "3").of("[5, 7, null]"),
        gives("count(x)", "2").of("[5, 7, null]").note("nulls are not counted"),
    ],
    body: Body::Form(Form::Aggregate),
    ..DEFAULTS
};
