use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "reduce",
    elsewhere: &["fold"],
    meaning: "One value from a list: an expression is computed for each element, and sees what it gave for the one before.",
    parameters: &[list("list"), any("start"), each("(so_far, x) => …")],
    gives: shown("U"),
    examples: &[
        gives("reduce([1, 2, 3], 0, (sum, x) => sum + x)", "6"),
        gives(r#"reduce(["a", "b"], "", (text, x) => f"{text}{x}.")"#, r#""a.b.""#),
        gives("reduce(range(0), 7, (sum, x) => sum + x)", "7").note("of nothing: the start"),
    ],
    body: Body::Form(Form::Collection),
    ..DEFAULTS
};
