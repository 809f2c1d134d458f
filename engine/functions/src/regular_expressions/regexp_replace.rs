use crate::define::*;
use super::pattern::pattern;

pub(crate) static FUNCTION: Function = Function {
    name: "regexp_replace",
    elsewhere: &["regex_replace", "replace_all", "replace_regex"],
    meaning: "The text with each match of a regular expression replaced; `$1` or `${name}` stands for a group, `$$` for a dollar.",
    parameters: &[string("text"), string("pattern").constant(), string("by")],
    gives: Gives::String,
    errors: &[TooLong],
    examples: &[
        gives(r#"regexp_replace("tel. 020 555", "[^0-9]+", "")"#, r#""020555""#),
        gives(r#"regexp_replace("2026-03-01", "([0-9]+)-([0-9]+)-([0-9]+)", "$3.$2.$1")"#, r#""01.03.2026""#),
        gives(r#"regexp_replace("abc", "x*", "-")"#, r#""-a-b-c-""#).note("the empty match is a match"),
    ],
    body: Body::Prepared(|site| {
        let pattern = pattern(site, 1)?;
        Ok(Arc::new(move |arguments| {
            let (whole, by) = (arguments.string(0), arguments.string(2));
            let mut replaced = String::with_capacity(whole.len());
            let mut copied = 0;
            for captures in pattern.captures_iter(whole) {
                let found = captures.get_match();
                replaced.push_str(&whole[copied..found.start()]);
                captures.expand(by, &mut replaced);
                copied = found.end();
                if replaced.len() > TEXT_BYTES_MAX {
                    return Err(FunctionError::TooLong);
                }
            }
            replaced.push_str(&whole[copied..]);
            text(replaced)
        }))
    }),
    ..DEFAULTS
};
