use crate::define::*;
use super::pattern::pattern;

pub(crate) static FUNCTION: Function = Function {
    name: "matches",
    aliases: &["regexp_like"],
    elsewhere: &["rlike", "regex_match", "regexp_match", "match_regex"],
    meaning: "Does a regular expression match anywhere in the text?",
    parameters: &[string("text"), string("pattern").constant()],
    gives: Gives::Bool,
    examples: &[
        gives(r#"matches("NL91ABNA0417164300", "^[A-Z]{2}[0-9]{2}")"#, "true"),
        gives(r#"matches("Order 66", "(?i)order")"#, "true"),
        gives(r#"matches("a.b", "^a$")"#, "false").note("anywhere, unless `^` and `$` say otherwise"),
        refused(r#"matches("a", "(")"#, "unclosed group").note("told before anything runs"),
    ],
    body: Body::Prepared(|site| {
        let pattern = pattern(site, 1)?;
        Ok(Arc::new(move |arguments| Ok(Value::Bool(pattern.is_match(arguments.string(0))))))
    }),
    ..DEFAULTS
};
