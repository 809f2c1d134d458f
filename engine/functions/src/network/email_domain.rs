use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "email_domain",
    meaning: "The domain of an e-mail address, in lower case; null if the text is no address.",
    parameters: &[string("address")],
    gives: Gives::String,
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives(r#"email_domain("Ann.Lee@Example.COM")"#, r#""example.com""#),
        gives(r#"email_domain("no address")"#, "null").note("without an `@`"),
    ],
    body: Body::Direct(|arguments| {
        let parts = super::email_parts(arguments.string(0));
        parts.map_or(Ok(Value::Null), |(_, domain)| text(domain.to_lowercase()))
    }),
    ..DEFAULTS
};
