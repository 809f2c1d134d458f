use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "characters",
    meaning: "The characters of a text, each as a text of its own.",
    parameters: &[string("text")],
    gives: STRINGS,
    errors: &[TooLong],
    examples: &[
        gives(r#"characters("né€")"#, r#"["n", "é", "€"]"#),
        gives(r#"characters("")"#, "[]").note("none"),
    ],
    body: Body::Direct(|arguments| {
        let whole = arguments.string(0);
        texts(whole.char_indices().map(|(at, c)| &whole[at..at + c.len_utf8()]))
    }),
    ..DEFAULTS
};
