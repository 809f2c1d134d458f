use crate::define::*;
use super::pattern::pattern;

pub(crate) static FUNCTION: Function = Function {
    name: "regexp_split",
    elsewhere: &["regexp_split_to_array", "string_split_regex"],
    meaning: "What stands between the matches of a regular expression.",
    parameters: &[string("text"), string("pattern").constant()],
    gives: STRINGS,
    errors: &[TooLong],
    examples: &[
        gives(r#"regexp_split("a, b;c", "[,;] *")"#, r#"["a", "b", "c"]"#),
        gives(r#"regexp_split("abc", "[,;]")"#, r#"["abc"]"#).note("without a match it is whole"),
        gives(r#"regexp_split(",a", ",")"#, r#"["", "a"]"#).note("nothing stands before the first"),
    ],
    body: Body::Prepared(|site| {
        let pattern = pattern(site, 1)?;
        Ok(Arc::new(move |arguments| texts(pattern.split(arguments.string(0)))))
    }),
    ..DEFAULTS
};
