use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "is_email",
    meaning: "Does the text look like an e-mail address: one `@`, a domain with a dot, no white space?",
    parameters: &[string("text")],
    gives: Gives::Bool,
    examples: &[
        gives(r#"is_email("ann@example.com")"#, "true"),
        gives(r#"is_email("ann@localhost")"#, "false").note("a domain has a dot"),
        gives(r#"is_email("Ann <ann@example.com>")"#, "false").note("the address alone"),
    ],
    body: Body::Direct(|arguments| {
        let whole = arguments.string(0);
        let looks = super::email_parts(whole).is_some_and(|(local, domain)| {
            let labels = domain.split('.').all(|label| !label.is_empty());
            labels && domain.contains('.') && !local.contains('@')
        });
        let plain = !whole.contains(|c: char| c.is_whitespace() || c.is_control() || "<>(),;:\"".contains(c));
        Ok(Value::Bool(looks && plain))
    }),
    ..DEFAULTS
};
