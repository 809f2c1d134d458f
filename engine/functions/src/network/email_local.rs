use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "email_local",
    meaning: "What stands before the `@` of an e-mail address; null if the text is no address.",
    parameters: &[string("address")],
    gives: Gives::String,
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives(r#"email_local("Ann.Lee@example.com")"#, r#""Ann.Lee""#).note("upper and lower case may differ here"),
        gives(r#"email_local("@example.com")"#, "null").note("nothing before the `@`"),
    ],
    body: Body::Direct(|arguments| {
        super::email_parts(arguments.string(0)).map_or(Ok(Value::Null), |(local, _)| text(local))
    }),
    ..DEFAULTS
};
