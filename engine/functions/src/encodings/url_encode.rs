use crate::define::*;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

pub(crate) static FUNCTION: Function = Function {
    name: "url_encode",
    elsewhere: &["urlencode", "encode_url_param"],
    meaning: "The text as a part of a URL: what is not a letter, digit, `-`, `.`, `_` or `~` becomes `%` and two digits.",
    parameters: &[string("text")],
    gives: Gives::String,
    examples: &[
        gives(r#"url_encode("a b&c=d")"#, r#""a%20b%26c%3Dd""#),
        gives(r#"url_encode("€")"#, r#""%E2%82%AC""#).note("each byte of UTF-8"),
    ],
    body: Body::Direct(|arguments| text(utf8_percent_encode(arguments.string(0), RESERVED).to_string())),
    ..DEFAULTS
};

/// All but the unreserved characters of RFC 3986, section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
