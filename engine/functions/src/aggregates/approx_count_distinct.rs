use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "approx_count_distinct",
    elsewhere: &["approx_distinct", "hll", "cardinality"],
    meaning: "About how many different values there are (HyperLogLog, 4096 registers, at most 4 KiB of state). The standard error is 1.6 %: of 1,000,000 different values it tells between 950,000 and 1,050,000 in 99 of 100 cases; few values are told nearly exactly.",
    parameters: &[any("x")],
    gives: shown("int"),
    examples: &[
        gives("approx_count_distinct(x)", "2").of(r#"["a", "b", "a"]"#),
        gives("approx_count_distinct(x)", "1").of("[1, null, null]").note("null is no value"),
    ],
    body: Body::Form(Form::Aggregate),
    ..DEFAULTS
};
