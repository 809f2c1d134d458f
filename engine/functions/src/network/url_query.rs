use crate::define::*;
use super::url::Url;

pub(crate) static FUNCTION: Function = Function {
    name: "url_query",
    meaning: "What stands behind the `?` of a URL, as it is written; null if there is none.",
    parameters: &[string("url")],
    gives: Gives::String,
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives(r#"url_query("https://example.com/?a=1&b=2#top")"#, r#""a=1&b=2""#),
        gives(r#"url_query("https://example.com/#a?b")"#, "null").note("behind a `#` it is no query"),
    ],
    body: Body::Direct(|arguments| Url::new(arguments.string(0)).query.map_or(Ok(Value::Null), text)),
    ..DEFAULTS
};
