use crate::define::*;
use crate::hex::hex;
use sha2::{Digest, Sha512};

pub(crate) static FUNCTION: Function = Function {
    name: "sha512",
    meaning: "The SHA-512 digest of a text, in hexadecimal digits.",
    parameters: &[string("text")],
    gives: Gives::String,
    examples: &[
        gives(r#"left(sha512("abc"), 16)"#, r#""ddaf35a193617aba""#),
        gives(r#"length(sha512(""))"#, "128").note("the empty text has a digest too"),
    ],
    body: Body::Direct(|arguments| text(hex(&Sha512::digest(arguments.string(0))))),
    ..DEFAULTS
};
