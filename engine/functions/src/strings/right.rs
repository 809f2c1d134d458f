use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "right",
    meaning: "The last characters of a text, at most so many.",
    parameters: &[string("text"), int("length")],
    gives: Gives::String,
    examples: &[
        gives(r#"right("4111111111111111", 4)"#, r#""1111""#),
        gives(r#"right("ab", 5)"#, r#""ab""#).note("a text that is shorter is whole"),
        gives(r#"right("ab", 0)"#, r#""""#),
    ],
    body: Body::Direct(|arguments| {
        let whole = arguments.string(0);
        let length = usize::try_from(arguments.int(1).max(0)).unwrap_or(usize::MAX);
        let start = match length.checked_sub(1) {
            None => whole.len(),
            Some(before) => whole.char_indices().rev().nth(before).map_or(0, |(at, _)| at),
        };
        text(&whole[start..])
    }),
    ..DEFAULTS
};
