use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "float",
    elsewhere: &["to_double", "double"],
    meaning: "A text, int or decimal as a float.",
    parameters: &[any("value")],
    gives: Gives::Float,
    errors: &[BadCast],
    examples: &[
        gives(r#"float("1.5")"#, "1.5"),
        gives("float(12.50)", "12.5"),
        fails(r#"float("1,5")"#, BadCast).note("the mark is a point"),
    ],
    body: Body::Form(Form::Cast),
    ..DEFAULTS
};
