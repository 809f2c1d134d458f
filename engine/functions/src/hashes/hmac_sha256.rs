use crate::define::*;
use crate::hex::hex;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

pub(crate) static FUNCTION: Function = Function {
    name: "hmac_sha256",
    elsewhere: &["hmac"],
    meaning: "The HMAC with SHA-256 of a text under a key, in hexadecimal digits: who knows the key can tell that the text is genuine.",
    parameters: &[string("text"), string("key")],
    gives: Gives::String,
    examples: &[
        gives(
            r#"hmac_sha256("what do ya want for nothing?", "Jefe")"#,
            r#""5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843""#,
        ),
        gives(r#"left(hmac_sha256("", ""), 8)"#, r#""b613679a""#).note("an empty key protects nothing"),
    ],
    body: Body::Direct(|arguments| {
        let mut mac = Hmac::<Sha256>::new_from_slice(arguments.string(1).as_bytes())
            .expect("a key of HMAC has any length");
        mac.update(arguments.string(0).as_bytes());
        text(hex(&mac.finalize().into_bytes()))
    }),
    ..DEFAULTS
};
