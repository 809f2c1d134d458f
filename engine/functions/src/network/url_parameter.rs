use crate::define::*;
use super::url::Url;

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
        let mut parameters = Url::new(arguments.string(0)).parameters();
        let named = parameters.find(|(name, _)| name == arguments.string(1));
        named.map_or(Ok(Value::Null), |(_, value)| text(value))
    }),
    ..DEFAULTS
};
