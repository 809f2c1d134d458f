use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "lower",
    elsewhere: &["lcase", "to_lower", "lowercase", "downcase"],
    meaning: "The text in lower case, by the rules of Unicode.",
    parameters: &[string("text")],
    gives: Gives::String,
    examples: &[
        gives(r#"lower("Tide GATE")"#, r#""tide gate""#),
        gives(r#"lower("ÀÉ")"#, r#""àé""#).note("letters of every script"),
    ],
    body: Body::Direct(|arguments| text(arguments.string(0).to_lowercase())),
    ..DEFAULTS
};
