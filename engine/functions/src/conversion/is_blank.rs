use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "is_blank",
    meaning: "Is a text null, empty, or nothing but white space?",
    parameters: &[string("text")],
    gives: Gives::Bool,
    nulls: Nulls::Handled { gives: false },
    examples: &[
        gives(r#"is_blank("  ")"#, "true"),
        gives(r#"is_blank("a")"#, "false"),
        gives("is_blank(null)", "true").note("null is blank"),
    ],
    body: Body::Direct(|arguments| {
        let null = arguments.value(0).is_null();
        Ok(Value::Bool(null || arguments.string(0).trim().is_empty()))
    }),
    ..DEFAULTS
};
