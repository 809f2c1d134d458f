use crate::define::*;
use super::url::Url;

pub(crate) static FUNCTION: Function = Function {
    name: "url_port",
    meaning: "The port that a URL names; null if it names none.",
    parameters: &[string("url")],
    gives: Gives::Int,
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives(r#"url_port("https://example.com:8443/")"#, "8443"),
        gives(r#"url_port("https://example.com/")"#, "null").note("the usual port is not named"),
        gives(r#"url_port("https://example.com:99999/")"#, "null").note("there is no such port"),
    ],
    body: Body::Direct(|arguments| {
        let port = Url::new(arguments.string(0)).port.and_then(|port| port.parse::<u16>().ok());
        Ok(port.map_or(Value::Null, |port| Value::Int(i64::from(port))))
    }),
    ..DEFAULTS
};
