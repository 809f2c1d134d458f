use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "trim_end",
    aliases: &["rtrim"],
    meaning: "The text without white space, or without the characters that are given, at the end.",
    parameters: &[string("text"), string("characters").or("white space")],
    gives: Gives::String,
    examples: &[
        gives(r#"trim_end("  a b ")"#, r#""  a b""#),
        gives(r#"trim_end("a/b//", "/")"#, r#""a/b""#),
        gives(r#"trim_end("   ")"#, r#""""#).note("nothing else in it"),
    ],
    body: Body::Direct(|arguments| {
        let whole = arguments.string(0);
        text(match arguments.optional_string(1) {
            None => whole.trim_end(),
            Some(characters) => whole.trim_end_matches(|c| characters.contains(c)),
        })
    }),
    ..DEFAULTS
};
