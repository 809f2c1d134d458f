use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "trim",
    elsewhere: &["btrim", "strip"],
    meaning: "The text without white space, or without the characters that are given, at both ends.",
    parameters: &[string("text"), string("characters").or("white space")],
    gives: Gives::String,
    examples: &[
        gives(r#"trim("  a b ")"#, r#""a b""#),
        gives(r#"trim("xxaxx", "x")"#, r#""a""#),
        gives(r#"trim("   ")"#, r#""""#).note("nothing else in it"),
    ],
    body: Body::Direct(|arguments| {
        let whole = arguments.string(0);
        text(match arguments.optional_string(1) {
            None => whole.trim(),
            Some(characters) => whole.trim_matches(|c| characters.contains(c)),
        })
    }),
    ..DEFAULTS
};
