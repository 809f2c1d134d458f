use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "timestamp",
    meaning: "A text in RFC 3339, or an int of milliseconds since the epoch, as a timestamp.",
    parameters: &[any("value")],
    gives: Gives::Timestamp,
    errors: &[BadCast, Overflow],
    examples: &[
        gives(r#"timestamp("2026-01-01T11:00:00+01:00")"#, "@2026-01-01T10:00:00Z"),
        gives("timestamp(1500)", "@1970-01-01T00:00:01.500Z"),
        fails(r#"timestamp("2026-02-30T00:00:00Z")"#, BadCast).note("a date that does not exist"),
    ],
    body: Body::Form(Form::Cast),
    ..DEFAULTS
};
