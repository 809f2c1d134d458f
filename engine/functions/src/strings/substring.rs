use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "substring",
    aliases: &["substr"],
    elsewhere: &["mid", "slice_string"],
    meaning: "A part of the text: from a character, counted from 0, so many characters or to the end.",
    parameters: &[string("text"), int("start"), int("length").or("to the end")],
    gives: Gives::String,
    examples: &[
        gives(r#"substring("tidegate", 4, 2)"#, r#""ga""#),
        gives(r#"substring("tidegate", 4)"#, r#""gate""#),
        gives(r#"substring("abc", 2, 10)"#, r#""c""#).note("beyond the end there is nothing"),
        gives(r#"substring("abc", -1, 2)"#, r#""ab""#).note("a negative start is 0"),
    ],
    body: Body::Direct(|arguments| {
        let start = usize::try_from(arguments.int(1).max(0)).unwrap_or(usize::MAX);
        let rest = arguments.string(0).chars().skip(start);
        let Some(length) = arguments.optional_int(2) else { return text(rest.collect::<String>()) };
        let length = usize::try_from(length.max(0)).unwrap_or(usize::MAX);
        text(rest.take(length).collect::<String>())
    }),
    ..DEFAULTS
};
