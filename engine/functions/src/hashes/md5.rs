use crate::define::*;
use crate::hex::hex;
use md5::{Digest, Md5};

pub(crate) static FUNCTION: Function = Function {
    name: "md5",
    meaning: "The MD5 digest of a text, in hexadecimal digits; it is broken, so not for security.",
    parameters: &[string("text")],
    gives: Gives::String,
    examples: &[
        gives(r#"md5("abc")"#, r#""900150983cd24fb0d6963f7d28e17f72""#),
        gives(r#"md5("")"#, r#""d41d8cd98f00b204e9800998ecf8427e""#).note("the empty text has a digest too"),
    ],
    body: Body::Direct(|arguments| text(hex(&Md5::digest(arguments.string(0))))),
    ..DEFAULTS
};
