use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "date",
    meaning: "The day of a timestamp in UTC, or a text such as `2026-01-31` as a date.",
    parameters: &[any("value")],
    gives: Gives::Date,
    errors: &[BadCast],
    examples: &[
        gives("string(date(@2026-01-31T23:59:00Z))", r#""2026-01-31""#),
        gives(r#"string(date("2024-02-29"))"#, r#""2024-02-29""#).note("a leap year"),
        fails(r#"date("2026-02-30")"#, BadCast).note("a day that does not exist"),
    ],
    body: Body::Form(Form::Cast),
    ..DEFAULTS
};
