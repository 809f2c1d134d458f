use crate::define::*;
use super::url::Url;

pub(crate) static FUNCTION: Function = Function {
    name: "url_host",
    elsewhere: &["url_extract_host", "domain"],
    meaning: "The host of a URL, in lower case and without the port; null if it has none.",
    parameters: &[string("url")],
    gives: Gives::String,
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives(r#"url_host("https://ann@Shop.Example.com:8443/cart?id=1")"#, r#""shop.example.com""#),
        gives(r#"url_host("http://[2001:db8::1]:80/")"#, r#""[2001:db8::1]""#),
        gives(r#"url_host("mailto:ann@example.com")"#, "null").note("no `//`, no host"),
    ],
    body: Body::Direct(|arguments| {
        Url::new(arguments.string(0)).host.map_or(Ok(Value::Null), |host| text(host.to_lowercase()))
    }),
    ..DEFAULTS
};
