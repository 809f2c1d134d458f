use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "all",
    elsewhere: &["all_match", "every"],
    meaning: "Is a condition true for each element of a list?",
    parameters: &[list("list"), each("x => condition")],
    gives: shown("bool"),
    examples: &[
        gives("all([1, 2, 3], x => x > 0)", "true"),
        gives("all(range(0), x => x > 2)", "true").note("there is none for which it is not"),
        gives("all([1, null], x => x > 0)", "false").note("null is not true"),
    ],
    body: Body::Form(Form::Collection),
    ..DEFAULTS
};
