use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "null_if",
    aliases: &["nullif"],
    meaning: "Null if the value is a certain one, else the value.",
    parameters: &[any("value"), any("certain")],
    gives: Gives::Same,
    nulls: Nulls::Handled { gives: true },
    examples: &[
        gives(r#"null_if("n/a", "n/a")"#, "null"),
        gives(r#"null_if("42", "n/a")"#, r#""42""#),
        gives("10 / null_if(0, 0)", "null").note("a division by zero that is meant to give null"),
        gives("null_if(5, null)", "5").note("nothing is equal to null"),
    ],
    body: Body::Direct(|arguments| {
        let value = arguments.value(0);
        Ok(if value == arguments.value(1) { Value::Null } else { value.clone() })
    }),
    ..DEFAULTS
};
