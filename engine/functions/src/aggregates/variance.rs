use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "variance",
    elsewhere: &["var_samp", "var"],
    meaning: "The variance of a sample (divided by n - 1). It is computed with floats, without loss where values are large and close together.",
    parameters: &[each("x: int, float or decimal")],
    gives: shown("float"),
    nulls: Nulls::MayGiveNull,
    limits: "A variance that no float holds stops the topology.",
    examples: &[
        gives("variance(x)", "4.571428571428571").of("[2, 4, 4, 4, 5, 5, 7, 9]"),
        gives("variance(x)", "1.0").of("[1000000001, 1000000002, 1000000003]").note("no digits are lost"),
        gives("variance(x)", "null").of("[5, null]").note("of less than two values"),
    ],
    body: Body::Form(Form::Aggregate),
    ..DEFAULTS
};
