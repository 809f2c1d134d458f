use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "mode",
    elsewhere: &["most_frequent"],
    meaning: "The value that was seen most often; among equally many the least.",
    parameters: &[any("x")],
    gives: shown("same"),
    nulls: Nulls::MayGiveNull,
    limits: "More than 10,000 different values of one key have no result and stop the topology. All of them are state, which is written anew at each commit that changes the key.",
    examples: &[
        gives("mode(x)", r#""b""#).of(r#"["a", "b", "b"]"#),
        gives("mode(x)", "1").of("[2, 1, null]").note("equally many: the least"),
    ],
    body: Body::Form(Form::Aggregate),
    ..DEFAULTS
};
