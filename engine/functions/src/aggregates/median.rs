use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "median",
    meaning: "The value in the middle: half of the values do not exceed it, and of an even number it is the lower of the two. Of up to 64 values it is exact, of more at most 1 % off (DDSketch).",
    parameters: &[each("x: int, float, decimal or duration")],
    gives: shown("float, decimal or duration"),
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives("median(x)", "5.0").of("[9, 1, 5]"),
        gives("median(x)", "2.50").of("[1.50, 2.50, 7.00, 8.00]").note("of an even number the lower one"),
        gives("median(x)", "3.0").of("[3, null]"),
    ],
    body: Body::Form(Form::Aggregate),
    ..DEFAULTS
};
