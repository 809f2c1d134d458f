use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "join",
    elsewhere: &["array_join"],
    meaning: "The texts of a list in one, with something between them; null ones are passed over.",
    parameters: &[list("list"), string("between")],
    gives: shown("string"),
    errors: &[TooLong],
    examples: &[
        gives(r#"join(["a", "b"], ", ")"#, r#""a, b""#),
        gives(r#"join(["a", null, ""], "-")"#, r#""a-""#).note("null is passed over, the empty text is not"),
    ],
    body: Body::Form(Form::Collection),
    ..DEFAULTS
};
