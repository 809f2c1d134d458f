use crate::define::*;
use super::padding::padding;

pub(crate) static FUNCTION: Function = Function {
    name: "pad_left",
    aliases: &["lpad"],
    meaning: "The text with a fill before it, so that it has at least so many characters; a longer one is not cut.",
    parameters: &[string("text"), int("length"), string("fill").or("\" \"")],
    gives: Gives::String,
    errors: &[TooLong, OutOfRange],
    examples: &[
        gives(r#"pad_left("7", 3, "0")"#, r#""007""#),
        gives(r#"pad_left("7", 6, "ab")"#, r#""ababa7""#),
        gives(r#"pad_left("1234", 3)"#, r#""1234""#).note("not cut"),
        fails(r#"pad_left("7", 3, "")"#, OutOfRange).note("nothing to fill with"),
        fails(r#"pad_left("7", 2000000)"#, TooLong),
    ],
    body: Body::Direct(|arguments| {
        let mut padded = padding(arguments)?;
        padded.push_str(arguments.string(0));
        bounded_text(padded)
    }),
    ..DEFAULTS
};
