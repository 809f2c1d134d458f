use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "range",
    meaning: "The whole numbers from 0 on that are less than a number.",
    parameters: &[int("end")],
    gives: shown("[int]"),
    errors: &[TooLong],
    examples: &[
        gives("range(3)", "[0, 1, 2]"),
        gives("map(range(3), n => n * n)", "[0, 1, 4]"),
        gives("range(-1)", "[]"),
        fails("range(100001)", TooLong).note("a list has at most 100000 elements"),
    ],
    body: Body::Form(Form::Collection),
    ..DEFAULTS
};
