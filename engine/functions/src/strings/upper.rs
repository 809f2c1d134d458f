use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "upper",
    elsewhere: &["ucase", "to_upper", "uppercase", "upcase"],
    meaning: "The text in upper case, by the rules of Unicode.",
    parameters: &[string("text")],
    gives: Gives::String,
    examples: &[
        gives(r#"upper("eur")"#, r#""EUR""#),
        gives(r#"upper("straße")"#, r#""STRASSE""#).note("a letter may become two"),
    ],
    body: Body::Direct(|arguments| text(arguments.string(0).to_uppercase())),
    ..DEFAULTS
};
