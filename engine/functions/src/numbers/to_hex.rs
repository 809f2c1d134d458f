use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "to_hex",
    meaning: "An int in hexadecimal digits; one below zero as its 64 bits.",
    parameters: &[int("value")],
    gives: Gives::String,
    examples: &[
        gives("to_hex(255)", r#""ff""#),
        gives("to_hex(-1)", r#""ffffffffffffffff""#).note("as its 64 bits"),
    ],
    body: Body::Direct(|arguments| text(format!("{:x}", arguments.int(0)))),
    ..DEFAULTS
};
