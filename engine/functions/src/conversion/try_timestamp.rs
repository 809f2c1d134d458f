use crate::define::*;
use tidegate_model::time::parse_rfc3339;

pub(crate) static FUNCTION: Function = Function {
    name: "try_timestamp",
    meaning: "A text in RFC 3339 as a timestamp; null if it is none, where `timestamp` would be an error.",
    parameters: &[string("text")],
    gives: Gives::Timestamp,
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives(r#"try_timestamp("2026-01-01T10:00:00Z")"#, "@2026-01-01T10:00:00Z"),
        gives(r#"try_timestamp("2026-02-30T10:00:00Z")"#, "null").note("a date that does not exist"),
    ],
    body: Body::Direct(|arguments| {
        let time = parse_rfc3339(arguments.string(0).as_bytes());
        Ok(time.map_or(Value::Null, |time| Value::Timestamp(time.micros())))
    }),
    ..DEFAULTS
};
