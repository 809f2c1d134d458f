use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "min",
    meaning: "The least value.",
    parameters: &[ordered("x")],
    gives: shown("same"),
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives("min(x)", "1").of("[3, 1, 2]"),
        gives("min(x)", r#""a""#).of(r#"["b", "a"]"#),
        gives("min(x)", "3").of("[3, null]").note("nulls are passed over"),
    ],
    body: Body::Form(Form::Aggregate),
    ..DEFAULTS
};
