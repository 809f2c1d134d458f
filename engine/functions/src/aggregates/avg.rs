use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "avg",
    elsewhere: &["mean", "average"],
    meaning: "The mean. Of ints and floats it is a float; of decimals a decimal with four digits more, rounded half to even.",
    parameters: &[each("x: int, float or decimal")],
    gives: shown("float or decimal"),
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives("avg(x)", "1.5").of("[1, 2]"),
        gives("avg(x)", "1.666667").of("[1.00, 2.00, 2.00]").note("rounded half to even"),
        gives("avg(x)", "4.0").of("[4, null]"),
    ],
    body: Body::Form(Form::Aggregate),
    ..DEFAULTS
};
