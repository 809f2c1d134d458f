use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "sort_by",
    meaning: "The elements of a list in the order of an expression's value; those with equal values keep their order.",
    parameters: &[list("list"), each("x => …")],
    gives: shown("[T]"),
    examples: &[
        gives(r#"sort_by(["ccc", "a", "bb"], s => length(s))"#, r#"["a", "bb", "ccc"]"#),
        gives("sort_by([1, 3, 2], x => -x)", "[3, 2, 1]").note("from the greatest to the least"),
    ],
    body: Body::Form(Form::Collection),
    ..DEFAULTS
};
