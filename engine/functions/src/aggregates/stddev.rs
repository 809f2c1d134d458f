use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "stddev",
    elsewhere: &["stddev_samp", "stdev", "std_dev"],
    meaning: "The standard deviation of a sample (the root of `variance`). Of durations it is a duration.",
    parameters: &[each("x: int, float, decimal or duration")],
    gives: shown("float or duration"),
    nulls: Nulls::MayGiveNull,
    limits: "A deviation that its type cannot hold stops the topology.",
    examples: &[
        gives("stddev(x)", "1.0").of("[1, 2, 3]"),
        gives("stddev(x)", "1m").of("[1m, 2m, 3m]"),
        gives("stddev(x)", "null").of("[5, null]").note("of less than two values"),
    ],
    body: Body::Form(Form::Aggregate),
    ..DEFAULTS
};
