use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "concat",
    meaning: "Texts one behind the other; `f\"{a}{b}\"` does the same, with values of any type. Or two lists, as `a + b`.",
    parameters: &[string("text").repeated()],
    gives: Gives::String,
    errors: &[TooLong],
    examples: &[
        gives(r#"concat("pay", "ment", "s")"#, r#""payments""#),
        gives(r#"concat("a", null)"#, "null").note("one that is null makes the whole null"),
        gives("concat([1], [2, 3])", "[1, 2, 3]"),
    ],
    body: Body::Direct(|arguments| {
        let parts = (0..arguments.len()).map(|part| arguments.string(part));
        bounded_text(parts.collect())
    }),
    ..DEFAULTS
};
