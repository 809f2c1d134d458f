use crate::define::*;
use super::url::Url;
use percent_encoding::percent_decode_str;

pub(crate) static FUNCTION: Function = Function {
    name: "url_parameter",
    elsewhere: &["url_extract_parameter", "parse_url"],
    meaning: "The first value of a parameter in a URL's query, decoded (a `+` is a space); null if there is none.",
    parameters: &[string("url"), string("name")],
    gives: Gives::String,
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives(r#"url_parameter("https://example.com/?q=tide+gate&page=2", "q")"#, r#""tide gate""#),
        gives(r#"url_parameter("https://example.com/?q=a%26b", "q")"#, r#""a&b""#),
        gives(r#"url_parameter("https://example.com/?flag", "flag")"#, r#""""#).note("without a `=` it is empty"),
        gives(r#"url_parameter("https://example.com/", "q")"#, "null").note("no such parameter"),
    ],
    body: Body::Direct(|arguments| {
        let query = Url::new(arguments.string(0)).query.unwrap_or_default();
        let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let mut named = pairs.filter(|(name, _)| decoded(name) == arguments.string(1) && !name.is_empty());
        named.next().map_or(Ok(Value::Null), |(_, value)| text(decoded(value)))
    }),
    ..DEFAULTS
};

/// Bytes that are no UTF-8 become the character for what is unknown.
fn decoded(part: &str) -> String {
    percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned()
}
