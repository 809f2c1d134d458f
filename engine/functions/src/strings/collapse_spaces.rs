use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "collapse_spaces",
    meaning: "The text with one space for each run of white space, and none at its ends.",
    parameters: &[string("text")],
    gives: Gives::String,
    examples: &[
        gives(r#"collapse_spaces("  Jan   de  Vries ")"#, r#""Jan de Vries""#),
        gives(r#"collapse_spaces("   ")"#, r#""""#).note("nothing else in it"),
    ],
    body: Body::Direct(|arguments| {
        let words: Vec<&str> = arguments.string(0).split_whitespace().collect();
        text(words.join(" "))
    }),
    ..DEFAULTS
};
