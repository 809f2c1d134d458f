use crate::define::*;
use tidegate_model::value::write_json_string;

pub(crate) static FUNCTION: Function = Function {
    name: "json_quote",
    meaning: "A text as a JSON string, with its quotes: to put JSON together in an f-string.",
    parameters: &[string("text")],
    gives: Gives::String,
    examples: &[
        gives(r#"json_quote("tide")"#, r#""\"tide\"""#),
        gives(r#"json_quote("a\nb")"#, r#""\"a\\nb\"""#).note("what must be escaped is"),
    ],
    body: Body::Direct(|arguments| {
        let mut out = Vec::new();
        write_json_string(arguments.string(0), &mut out);
        text(String::from_utf8(out).expect("a quoted text is text"))
    }),
    ..DEFAULTS
};
