use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "sum",
    meaning: "The sum of the numbers of a list; null ones are passed over. In `aggregate` and `rolling` it is that over events.",
    parameters: &[list("list")],
    gives: shown("T"),
    errors: &[Overflow],
    examples: &[
        gives("sum([1, 2, 3])", "6"),
        gives("sum([1.50, null])", "1.50"),
        gives("sum(range(0))", "0").note("of nothing"),
        fails("sum([9223372036854775807, 1])", Overflow),
    ],
    body: Body::Form(Form::Collection),
    ..DEFAULTS
};
