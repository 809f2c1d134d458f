use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "uuid",
    meaning: "A text of 32 hexadecimal digits in five groups as a uuid.",
    parameters: &[any("value")],
    gives: Gives::Uuid,
    errors: &[BadCast],
    examples: &[
        gives(
            r#"string(uuid("67E55044-10B1-426F-9247-BB680E5FE0C8"))"#,
            r#""67e55044-10b1-426f-9247-bb680e5fe0c8""#,
        )
        .note("capital letters are read too, small ones are written"),
        fails(r#"uuid("67e5504410b1426f9247bb680e5fe0c8")"#, BadCast).note("the hyphens are needed"),
    ],
    body: Body::Form(Form::Cast),
    ..DEFAULTS
};
