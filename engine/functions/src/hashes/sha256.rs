use crate::define::*;
use crate::hex::hex;
use sha2::{Digest, Sha256};

pub(crate) static FUNCTION: Function = Function {
    name: "sha256",
    elsewhere: &["sha2", "hash", "sha_256"],
    meaning: "The SHA-256 digest of a text, in hexadecimal digits.",
    parameters: &[string("text")],
    gives: Gives::String,
    examples: &[
        gives(r#"sha256("abc")"#, r#""ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad""#),
        gives(r#"left(sha256(""), 8)"#, r#""e3b0c442""#).note("the empty text has a digest too"),
    ],
    body: Body::Direct(|arguments| text(hex(&Sha256::digest(arguments.string(0))))),
    ..DEFAULTS
};
