use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "words",
    meaning: "What stands between the white space of a text.",
    parameters: &[string("text")],
    gives: STRINGS,
    errors: &[TooLong],
    examples: &[
        gives(r#"words("  Jan de  Vries ")"#, r#"["Jan", "de", "Vries"]"#),
        gives(r#"words("   ")"#, "[]").note("no word"),
    ],
    body: Body::Direct(|arguments| texts(arguments.string(0).split_whitespace())),
    ..DEFAULTS
};
