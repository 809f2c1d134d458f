use super::pattern::pattern;
use super::template::Template;
use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "regexp_replace",
    elsewhere: &["regex_replace", "replace_all", "replace_regex"],
    meaning: "The text with each match of a regular expression replaced; `$1` or `${name}` stands for a group, `$$` for a dollar.",
    parameters: &[string("text"), string("pattern").constant(), string("by").constant()],
    gives: Gives::String,
    errors: &[TooLong],
    examples: &[
        gives(r#"regexp_replace("tel. 020 555", "[^0-9]+", "")"#, r#""020555""#),
        gives(
            r#"regexp_replace("2026-03-01", "([0-9]+)-([0-9]+)-([0-9]+)", "$3.$2.$1")"#,
            r#""01.03.2026""#,
        ),
        gives(r#"regexp_replace("5 EUR", "(?P<n>[0-9]+) EUR", "$$${n}.00")"#, r#""$5.00""#),
        gives(r#"regexp_replace("abc", "x*", "-")"#, r#""-a-b-c-""#).note("the empty match is a match"),
        refused(r#"regexp_replace("a", "(a)", "$2")"#, "no group `2`"),
    ],
    body: Body::Prepared(|site| {
        let pattern = pattern(site, 1)?;
        let template = Template::new(site, 2, &pattern)?;
        Ok(Arc::new(move |arguments| {
            let whole = arguments.string(0);
            let mut replaced = String::with_capacity(whole.len());
            let mut copied = 0;
            for captures in pattern.captures_iter(whole) {
                let found = captures.get_match();
                replaced.push_str(&whole[copied..found.start()]);
                template.expand(&captures, &mut replaced)?;
                copied = found.end();
            }
            replaced.push_str(&whole[copied..]);
            bounded_text(replaced)
        }))
    }),
    ..DEFAULTS
};
