use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "capitalize",
    meaning: "The text with its first letter in upper case; the others stay.",
    parameters: &[string("text")],
    gives: Gives::String,
    examples: &[
        gives(r#"capitalize("amsterdam")"#, r#""Amsterdam""#),
        gives(r#"capitalize("iPhone")"#, r#""IPhone""#),
        gives(r#"capitalize("")"#, r#""""#).note("nothing to change"),
    ],
    body: Body::Direct(|arguments| {
        let mut chars = arguments.string(0).chars();
        let first: String = chars.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
        text(first + chars.as_str())
    }),
    ..DEFAULTS
};
