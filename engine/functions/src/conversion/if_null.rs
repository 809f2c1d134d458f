use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "if_null",
    aliases: &["ifnull"],
    elsewhere: &["nvl", "isnull", "zeroifnull"],
    meaning: "The value, or another if it is null; `value ?? other` is the same.",
    parameters: &[any("value"), any("other")],
    gives: Gives::Same,
    nulls: Nulls::Handled { gives: true },
    examples: &[
        gives(r#"if_null(null, "unknown")"#, r#""unknown""#),
        gives("if_null(1, 2 / 0)", "1").note("what is not needed is not computed"),
    ],
    body: Body::Form(Form::Coalesce),
    ..DEFAULTS
};
