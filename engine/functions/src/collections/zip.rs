use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "zip",
    meaning: "Pairs of the elements of two lists, as records of `left` and `right`; as long as the shorter list.",
    parameters: &[list("list"), list("other")],
    gives: shown("[{ left, right }]"),
    examples: &[
        gives(r#"zip([1, 2], ["a", "b"])"#, r#"[{ left: 1, right: "a" }, { left: 2, right: "b" }]"#),
        gives(r#"length(zip([1, 2, 3], ["a"]))"#, "1").note("what has no partner is left away"),
    ],
    body: Body::Form(Form::Collection),
    ..DEFAULTS
};
