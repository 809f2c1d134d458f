use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "percentile",
    elsewhere: &["approx_percentile", "quantile", "approx_quantile", "percentile_disc", "percentile_cont"],
    meaning: "The least value that at least this share of the values does not exceed. Of up to 64 values it is exact, of more at most 1 % off (DDSketch). Of ints and floats it is a float; of decimals and durations of their type.",
    parameters: &[each("x: int, float, decimal or duration"), each("share: constant from 0 to 1")],
    gives: shown("float, decimal or duration"),
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives("percentile(x, 0.9)", "9.0").of("[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]"),
        gives("percentile(x, 0.95)", "900ms").of("[10ms, 20ms, 900ms]"),
        gives("percentile(x, 0)", "1.50").of("[1.50, 9.25]").note("0 is the least, 1 the greatest"),
        refused("percentile(x, 95)", "from 0 to 1").of("[1, 2]").note("a share, not per cent"),
    ],
    body: Body::Form(Form::Aggregate),
    ..DEFAULTS
};
