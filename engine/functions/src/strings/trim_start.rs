use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "trim_start",
    aliases: &["ltrim"],
    meaning: "The text without white space, or without the characters that are given, at the start.",
    parameters: &[string("text"), string("characters").or("white space")],
    gives: Gives::String,
    examples: &[
        gives(r#"trim_start("  a b ")"#, r#""a b ""#),
        gives(r#"trim_start("007", "0")"#, r#""7""#),
        gives(r#"trim_start("   ")"#, r#""""#).note("nothing else in it"),
    ],
    body: Body::Direct(|arguments| {
        let whole = arguments.string(0);
        text(match arguments.optional_string(1) {
            None => whole.trim_start(),
            Some(characters) => whole.trim_start_matches(|c| characters.contains(c)),
        })
    }),
    ..DEFAULTS
};
