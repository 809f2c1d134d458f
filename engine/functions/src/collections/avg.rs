use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "avg",
    meaning: "The mean of the numbers of a list; null ones are passed over. Of ints it is a float, of decimals it has four digits more.",
    parameters: &[list("list")],
    gives: shown("float or decimal"),
    nulls: Nulls::MayGiveNull,
    errors: &[Overflow],
    examples: &[
        gives("avg([1, 2])", "1.5"),
        gives("avg([1.00, 2.00, 2.00])", "1.666667").note("rounded half to even"),
        gives("avg(range(0))", "null").note("of nothing"),
    ],
    body: Body::Form(Form::Collection),
    ..DEFAULTS
};
