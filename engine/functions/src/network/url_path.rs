use crate::define::*;
use super::url::Url;

pub(crate) static FUNCTION: Function = Function {
    name: "url_path",
    meaning: "The path of a URL, as it is written: without `?` and what follows.",
    parameters: &[string("url")],
    gives: Gives::String,
    examples: &[
        gives(r#"url_path("https://example.com/a%20b/c?d=1#e")"#, r#""/a%20b/c""#),
        gives(r#"url_path("https://example.com")"#, r#""""#).note("no path"),
    ],
    body: Body::Direct(|arguments| text(Url::new(arguments.string(0)).path)),
    ..DEFAULTS
};
