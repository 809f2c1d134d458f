use crate::define::*;
use super::pattern::{group, pattern};

pub(crate) static FUNCTION: Function = Function {
    name: "regexp_extract",
    elsewhere: &["regexp_substr", "regex_extract", "extract"],
    meaning: "The first part of the text that a regular expression matches, or one group of it; null if there is none.",
    parameters: &[string("text"), string("pattern").constant(), int("group").constant().or("0, the whole match")],
    gives: Gives::String,
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives(r#"regexp_extract("order 42, line 7", "[0-9]+")"#, r#""42""#),
        gives(r#"regexp_extract("user=ann;id=9", "id=([0-9]+)", 1)"#, r#""9""#),
        gives(r#"regexp_extract("none", "[0-9]+")"#, "null").note("no match"),
        refused(r#"regexp_extract("a", "a", 1)"#, "has no group 1"),
    ],
    body: Body::Prepared(|site| {
        let pattern = pattern(site, 1)?;
        let group = group(site, &pattern)?;
        Ok(Arc::new(move |arguments| {
            let whole = arguments.string(0);
            let found = match group {
                0 => pattern.find(whole),
                group => pattern.captures(whole).and_then(|captures| captures.get(group)),
            };
            found.map_or(Ok(Value::Null), |found| text(found.as_str()))
        }))
    }),
    ..DEFAULTS
};
