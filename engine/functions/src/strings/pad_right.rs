use crate::define::*;
use super::padding::padding;

pub(crate) static FUNCTION: Function = Function {
    name: "pad_right",
    aliases: &["rpad"],
    meaning: "The text with a fill behind it, so that it has at least so many characters; a longer one is not cut.",
    parameters: &[string("text"), int("length"), string("fill").or("\" \"")],
    gives: Gives::String,
    errors: &[TooLong, OutOfRange],
    examples: &[
        gives(r#"pad_right("ab", 4)"#, r#""ab  ""#),
        gives(r#"pad_right("ab", 5, ".")"#, r#""ab...""#),
        gives(r#"pad_right("abc", -1)"#, r#""abc""#).note("not cut"),
        fails(r#"pad_right("ab", 4, "")"#, OutOfRange).note("nothing to fill with"),
    ],
    body: Body::Direct(|arguments| {
        let padding = padding(arguments)?;
        bounded_text(format!("{}{padding}", arguments.string(0)))
    }),
    ..DEFAULTS
};
