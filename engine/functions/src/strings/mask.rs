use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "mask",
    elsewhere: &["mask_keep_right", "redact"],
    meaning: "The text with all characters hidden but the last few; a text that is no longer than those is hidden whole.",
    parameters: &[string("text"), int("visible").or("4"), string("by").or("\"*\"")],
    gives: Gives::String,
    errors: &[TooLong],
    examples: &[
        gives(r#"mask("4111111111111234")"#, r#""************1234""#),
        gives(r#"mask("NL91ABNA0417", 2, "x")"#, r#""xxxxxxxxxx17""#),
        gives(r#"mask("1234")"#, r#""****""#).note("too short to show a part of it"),
    ],
    body: Body::Direct(|arguments| {
        let whole = arguments.string(0);
        let visible = usize::try_from(arguments.optional_int(1).unwrap_or(4).max(0)).unwrap_or(usize::MAX);
        let by = arguments.optional_string(2).unwrap_or("*");
        let length = whole.chars().count();
        let hidden = if visible >= length { length } else { length - visible };
        if hidden.saturating_mul(by.len()) > TEXT_BYTES_MAX {
            return Err(FunctionError::TooLong);
        }
        let shown: String = whole.chars().skip(hidden).collect();
        text(by.repeat(hidden) + &shown)
    }),
    ..DEFAULTS
};
