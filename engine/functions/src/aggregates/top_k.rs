use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "top_k",
    elsewhere: &["approx_top_k", "topk", "approx_most_frequent"],
    meaning: "The values that were seen most often, with how often; among equally many the least first.",
    parameters: &[any("x"), each("k: constant from 1 to 1000")],
    gives: shown("[{ value: T, count: int }]"),
    limits: "More than 10,000 different values of one key have no result and stop the topology. All of them are state, which is written anew at each commit that changes the key.",
    examples: &[
        gives("top_k(x, 1)", r#"[{ value: "b", count: 2 }]"#).of(r#"["a", "b", "b"]"#),
        gives("top_k(x, 2)", r#"[{ value: "a", count: 1 }, { value: "b", count: 1 }]"#).of(r#"["c", "b", "a"]"#).note("equally many: the least first"),
    ],
    body: Body::Form(Form::Aggregate),
    ..DEFAULTS
};
