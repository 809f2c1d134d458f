use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "max",
    meaning: "The greatest value.",
    parameters: &[ordered("x")],
    gives: shown("same"),
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives("max(x)", "3").of("[3, 1, 2]"),
        gives("max(x)", r#""b""#).of(r#"["b", "a"]"#),
        gives("max(x)", "3").of("[3, null]").note("nulls are passed over"),
    ],
    body: Body::Form(Form::Aggregate),
    ..DEFAULTS
};
