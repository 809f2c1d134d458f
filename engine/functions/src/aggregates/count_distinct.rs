use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "count_distinct",
    meaning: "How many different values there are, exactly.",
    parameters: &[any("x")],
    gives: shown("int"),
    limits: "More than 10,000 different values of one key have no result and stop the topology. All of them are state, which is written anew at each commit that changes the key. `approx_count_distinct` has no such limit.",
    examples: &[
        gives("count_distinct(x)", "2").of(r#"["a", "b", "a"]"#),
        gives("count_distinct(x)", "1").of("[1, null, null]").note("null is no value"),
    ],
    body: Body::Form(Form::Aggregate),
    ..DEFAULTS
};
