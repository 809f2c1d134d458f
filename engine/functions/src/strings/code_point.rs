use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "code_point",
    aliases: &["ascii"],
    elsewhere: &["ord", "unicode"],
    meaning: "The number that Unicode gives the first character; null if the text is empty.",
    parameters: &[string("text")],
    gives: Gives::Int,
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives(r#"code_point("A")"#, "65"),
        gives(r#"code_point("€uro")"#, "8364"),
        gives(r#"code_point("")"#, "null").note("there is no first character"),
    ],
    body: Body::Direct(|arguments| {
        let first = arguments.string(0).chars().next();
        Ok(first.map_or(Value::Null, |first| Value::Int(i64::from(u32::from(first)))))
    }),
    ..DEFAULTS
};
