use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "concat_ws",
    elsewhere: &["join_with", "join_strings"],
    meaning: "Texts with a separator between them; those that are null are left out.",
    parameters: &[string("separator"), string("text").repeated()],
    gives: Gives::String,
    nulls: Nulls::Handled { gives: true },
    errors: &[TooLong],
    examples: &[
        gives(r#"concat_ws(", ", "Kade 1", "Amsterdam")"#, r#""Kade 1, Amsterdam""#),
        gives(r#"concat_ws(" ", "Jan", null, "Vries")"#, r#""Jan Vries""#).note("what is null is left out"),
        gives(r#"concat_ws(null, "a", "b")"#, "null").note("without a separator there is no result"),
    ],
    body: Body::Direct(|arguments| {
        if arguments.value(0).is_null() {
            return Ok(Value::Null);
        }
        let there = (1..arguments.len()).filter(|part| !arguments.value(*part).is_null());
        let parts: Vec<&str> = there.map(|part| arguments.string(part)).collect();
        bounded_text(parts.join(arguments.string(0)))
    }),
    ..DEFAULTS
};
