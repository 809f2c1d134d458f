use crate::define::*;
use crate::hex::hex;
use sha1::{Digest, Sha1};

pub(crate) static FUNCTION: Function = Function {
    name: "sha1",
    meaning: "The SHA-1 digest of a text, in hexadecimal digits; it is broken, so not for security.",
    parameters: &[string("text")],
    gives: Gives::String,
    examples: &[
        gives(r#"sha1("abc")"#, r#""a9993e364706816aba3e25717850c26c9cd0d89d""#),
        gives(r#"left(sha1(""), 8)"#, r#""da39a3ee""#).note("the empty text has a digest too"),
    ],
    body: Body::Direct(|arguments| text(hex(&Sha1::digest(arguments.string(0))))),
    ..DEFAULTS
};
