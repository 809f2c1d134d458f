use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "histogram",
    elsewhere: &["buckets"],
    meaning: "How many values lie below the first bound, from each bound to before the next, and from the last one on: a list with one number more than there are bounds.",
    parameters: &[ordered("x"), each("bounds: constants, ascending")],
    gives: shown("[int]"),
    examples: &[
        gives("histogram(x, [10, 50, 100])", "[1, 2, 0, 2]").of("[3, 10, 49, 100, 700]").note("a bound is in the bucket above it"),
        gives("histogram(x, [1.00, 2.50])", "[1, 1, 0]").of("[0.99, 2.00, null]"),
        refused("histogram(x, [50, 10])", "ascend").of("[1]").note("the bounds must ascend"),
    ],
    body: Body::Form(Form::Aggregate),
    ..DEFAULTS
};
