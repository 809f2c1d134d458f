use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "int",
    elsewhere: &["to_int", "to_integer", "bigint"],
    meaning: "A text read as an int.",
    parameters: &[any("value")],
    gives: Gives::Int,
    errors: &[BadCast],
    examples: &[
        gives(r#"int("42")"#, "42"),
        fails(r#"int("42.0")"#, BadCast).note("the text must be a whole number as it stands"),
        fails(r#"int("")"#, BadCast),
    ],
    body: Body::Form(Form::Cast),
    ..DEFAULTS
};
