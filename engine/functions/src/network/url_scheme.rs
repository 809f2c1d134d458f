use crate::define::*;
use super::url::Url;

pub(crate) static FUNCTION: Function = Function {
    name: "url_scheme",
    meaning: "What stands before the `:` of a URL, in lower case; null if there is none.",
    parameters: &[string("url")],
    gives: Gives::String,
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives(r#"url_scheme("HTTPS://example.com/")"#, r#""https""#),
        gives(r#"url_scheme("example.com/a")"#, "null").note("no scheme"),
    ],
    body: Body::Direct(|arguments| {
        Url::new(arguments.string(0)).scheme.map_or(Ok(Value::Null), |scheme| text(scheme.to_ascii_lowercase()))
    }),
    ..DEFAULTS
};
