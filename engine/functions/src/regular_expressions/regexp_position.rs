use crate::define::*;
use super::pattern::pattern;

pub(crate) static FUNCTION: Function = Function {
    name: "regexp_position",
    elsewhere: &["regexp_instr"],
    meaning: "Where a regular expression first matches, in characters from 0; null if it does not.",
    parameters: &[string("text"), string("pattern").constant()],
    gives: Gives::Int,
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives(r#"regexp_position("order 42", "[0-9]")"#, "6"),
        gives(r#"regexp_position("order", "[0-9]")"#, "null").note("no match"),
    ],
    body: Body::Prepared(|site| {
        let pattern = pattern(site, 1)?;
        Ok(Arc::new(move |arguments| {
            let whole = arguments.string(0);
            let found = pattern.find(whole).map(|found| whole[..found.start()].chars().count());
            Ok(found.map_or(Value::Null, |at| Value::Int(at as i64)))
        }))
    }),
    ..DEFAULTS
};
