use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "blank_to_null",
    meaning: "Null if the text is empty or nothing but white space, else the text.",
    parameters: &[string("text")],
    gives: Gives::String,
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives(r#"blank_to_null("")"#, "null"),
        gives(r#"blank_to_null(" a ")"#, r#"" a ""#).note("what is not blank stays as it is"),
        gives(r#"blank_to_null("  ") ?? "none""#, r#""none""#),
    ],
    body: Body::Direct(|arguments| {
        let whole = arguments.string(0);
        if whole.trim().is_empty() { Ok(Value::Null) } else { text(whole) }
    }),
    ..DEFAULTS
};
