use crate::define::*;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

pub(crate) static FUNCTION: Function = Function {
    name: "base64_encode",
    elsewhere: &["to_base64", "base64"],
    meaning: "The bytes of a text in Base64.",
    parameters: &[string("text")],
    gives: Gives::String,
    examples: &[
        gives(r#"base64_encode("tide")"#, r#""dGlkZQ==""#),
        gives(r#"base64_encode("€")"#, r#""4oKs""#).note("the bytes are those of UTF-8"),
    ],
    body: Body::Direct(|arguments| text(BASE64_STANDARD.encode(arguments.string(0)))),
    ..DEFAULTS
};
