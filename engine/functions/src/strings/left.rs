use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "left",
    meaning: "The first characters of a text, at most so many.",
    parameters: &[string("text"), int("length")],
    gives: Gives::String,
    examples: &[
        gives(r#"left("NL91ABNA", 2)"#, r#""NL""#),
        gives(r#"left("né€", 2)"#, r#""né""#).note("characters, not bytes"),
        gives(r#"left("ab", 5)"#, r#""ab""#).note("a text that is shorter is whole"),
        gives(r#"left("ab", -1)"#, r#""""#).note("less than none is none"),
    ],
    body: Body::Direct(|arguments| {
        let length = usize::try_from(arguments.int(1).max(0)).unwrap_or(usize::MAX);
        text(arguments.string(0).chars().take(length).collect::<String>())
    }),
    ..DEFAULTS
};
