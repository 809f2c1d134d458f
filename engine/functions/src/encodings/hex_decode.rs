use crate::define::*;
use super::utf8;
use crate::hex::unhex;

pub(crate) static FUNCTION: Function = Function {
    name: "hex_decode",
    elsewhere: &["unhex"],
    meaning: "The text whose bytes are written in hexadecimal digits. It gives a string: bytes that are no text in UTF-8 cannot be read.",
    parameters: &[string("text")],
    gives: Gives::String,
    errors: &[Unreadable],
    examples: &[
        gives(r#"hex_decode("74696465")"#, r#""tide""#),
        gives(r#"hex_decode("E282AC")"#, r#""€""#),
        fails(r#"hex_decode("746")"#, Unreadable).note("two digits are a byte"),
    ],
    body: Body::Direct(|arguments| {
        let digits = arguments.string(0);
        utf8(unhex(digits), "hexadecimal digits of a text", digits)
    }),
    ..DEFAULTS
};
