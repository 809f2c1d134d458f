use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "bool",
    meaning: "The text `true` or `false` as a bool.",
    parameters: &[any("value")],
    gives: Gives::Bool,
    errors: &[BadCast],
    examples: &[
        gives(r#"bool("true")"#, "true"),
        fails(r#"bool("yes")"#, BadCast).note("only these two words"),
    ],
    body: Body::Form(Form::Cast),
    ..DEFAULTS
};
