use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "coalesce",
    elsewhere: &["first_not_null"],
    meaning: "The first value that is not null; those behind it are not computed.",
    parameters: &[any("value").repeated()],
    gives: Gives::Same,
    nulls: Nulls::Handled { gives: true },
    examples: &[
        gives(r#"coalesce(null, "a", "b")"#, r#""a""#),
        gives("coalesce(1, 2 / 0)", "1").note("what is not needed cannot fail"),
        gives("coalesce(null, 1, 2.50)", "1.00").note("all are widened to one type"),
    ],
    body: Body::Form(Form::Coalesce),
    ..DEFAULTS
};
