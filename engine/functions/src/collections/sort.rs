use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "sort",
    elsewhere: &["array_sort"],
    meaning: "The elements of a list from the least to the greatest.",
    parameters: &[list("list")],
    gives: shown("[T]"),
    examples: &[
        gives("sort([3, 1, 2])", "[1, 2, 3]"),
        gives(r#"reverse(sort(["b", "a"]))"#, r#"["b", "a"]"#),
        gives("sort([3, null, 1])", "[1, 3, null]").note("null comes last"),
    ],
    body: Body::Form(Form::Collection),
    ..DEFAULTS
};
