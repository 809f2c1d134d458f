use crate::define::*;
use super::utf8;
use percent_encoding::percent_decode_str;

pub(crate) static FUNCTION: Function = Function {
    name: "url_decode",
    elsewhere: &["urldecode", "decode_url_param"],
    meaning: "The text that a part of a URL stands for; `+` stays as it is, and so does a `%` without two digits.",
    parameters: &[string("text")],
    gives: Gives::String,
    errors: &[Unreadable],
    examples: &[
        gives(r#"url_decode("a%20b%26c%3Dd")"#, r#""a b&c=d""#),
        gives(r#"url_decode("100%")"#, r#""100%""#).note("no digits behind it"),
        fails(r#"url_decode("%FF")"#, Unreadable).note("the bytes are no text in UTF-8"),
    ],
    body: Body::Direct(|arguments| {
        let encoded = arguments.string(0);
        utf8(Some(percent_decode_str(encoded).collect()), "a text in a URL", encoded)
    }),
    ..DEFAULTS
};
