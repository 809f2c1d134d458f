use crate::define::*;
use super::pattern::pattern;

pub(crate) static FUNCTION: Function = Function {
    name: "regexp_count",
    meaning: "How often a regular expression matches in the text, from the left and none overlapping.",
    parameters: &[string("text"), string("pattern").constant()],
    gives: Gives::Int,
    examples: &[
        gives(r#"regexp_count("a1b22c333", "[0-9]+")"#, "3"),
        gives(r#"regexp_count("aaaa", "aa")"#, "2").note("none overlapping"),
        gives(r#"regexp_count("", "x")"#, "0"),
    ],
    body: Body::Prepared(|site| {
        let pattern = pattern(site, 1)?;
        Ok(Arc::new(move |arguments| Ok(Value::Int(pattern.find_iter(arguments.string(0)).count() as i64))))
    }),
    ..DEFAULTS
};
