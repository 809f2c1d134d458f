use crate::define::*;
use crate::hex::hex;

pub(crate) static FUNCTION: Function = Function {
    name: "hex_encode",
    elsewhere: &["hex"],
    meaning: "The bytes of a text in hexadecimal digits.",
    parameters: &[string("text")],
    gives: Gives::String,
    examples: &[
        gives(r#"hex_encode("tide")"#, r#""74696465""#),
        gives(r#"hex_encode("€")"#, r#""e282ac""#).note("the bytes are those of UTF-8"),
    ],
    body: Body::Direct(|arguments| text(hex(arguments.string(0).as_bytes()))),
    ..DEFAULTS
};
