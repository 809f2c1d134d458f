use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "any",
    elsewhere: &["any_match", "exists", "some"],
    meaning: "Is a condition true for one element of a list?",
    parameters: &[list("list"), each("x => condition")],
    gives: shown("bool"),
    examples: &[
        gives("any([1, 2, 3], x => x > 2)", "true"),
        gives("any(range(0), x => x > 2)", "false").note("there is none"),
    ],
    body: Body::Form(Form::Collection),
    ..DEFAULTS
};
