use crate::define::*;
use super::pattern::{group, pattern};

pub(crate) static FUNCTION: Function = Function {
    name: "regexp_extract_all",
    elsewhere: &["regexp_matches", "find_all"],
    meaning: "Every part of the text that a regular expression matches, or one group of each; a group that took no part is left out.",
    parameters: &[string("text"), string("pattern").constant(), int("group").constant().or("0, the whole match")],
    gives: STRINGS,
    errors: &[TooLong],
    examples: &[
        gives(r#"regexp_extract_all("@ann and @bob", "@[a-z]+")"#, r#"["@ann", "@bob"]"#),
        gives(r#"regexp_extract_all("a=1;b=2", "([a-z])=([0-9])", 2)"#, r#"["1", "2"]"#),
        gives(r#"regexp_extract_all("none", "[0-9]+")"#, "[]").note("no match, no element"),
    ],
    body: Body::Prepared(|site| {
        let pattern = pattern(site, 1)?;
        let group = group(site, &pattern)?;
        Ok(Arc::new(move |arguments| {
            let whole = arguments.string(0);
            match group {
                0 => texts(pattern.find_iter(whole).map(|found| found.as_str())),
                _ => {
                    let groups = pattern.captures_iter(whole).filter_map(|captures| captures.get(group));
                    texts(groups.map(|found| found.as_str()))
                }
            }
        }))
    }),
    ..DEFAULTS
};
