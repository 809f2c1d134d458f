use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "string",
    elsewhere: &["to_string", "varchar"],
    meaning: "Any value as text.",
    parameters: &[any("value")],
    gives: Gives::String,
    errors: &[],
    examples: &[
        gives("string(12.50)", r#""12.50""#),
        gives("string(1h30m)", r#""1h30m""#),
        gives("string(@2026-01-01T10:00:00Z)", r#""2026-01-01T10:00:00Z""#).note("times are written in RFC 3339, in UTC"),
    ],
    body: Body::Form(Form::Cast),
    ..DEFAULTS
};
