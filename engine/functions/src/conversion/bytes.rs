use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "bytes",
    meaning: "A text in base64 as bytes.",
    parameters: &[any("value")],
    gives: Gives::Bytes,
    errors: &[BadCast],
    examples: &[
        gives(r#"string(bytes("aGVsbG8="))"#, r#""aGVsbG8=""#).note("bytes as a text are base64 again"),
        fails(r#"bytes("hello!")"#, BadCast).note("no base64"),
    ],
    body: Body::Form(Form::Cast),
    ..DEFAULTS
};
