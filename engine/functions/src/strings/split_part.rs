use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "split_part",
    elsewhere: &["substring_index"],
    meaning: "What stands between two separators, counted from 0, or from the end (-1 is the last); null if there is no such part.",
    parameters: &[string("text"), string("separator"), int("part")],
    gives: Gives::String,
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives(r#"split_part("2026-03-01", "-", 1)"#, r#""03""#),
        gives(r#"split_part("a/b/c.txt", "/", -1)"#, r#""c.txt""#),
        gives(r#"split_part("a-b", "-", 2)"#, "null").note("there is no third part"),
        gives(r#"split_part("ab", "", 0)"#, r#""ab""#).note("the empty separator splits nothing"),
    ],
    body: Body::Direct(|arguments| {
        let (whole, separator, part) = (arguments.string(0), arguments.string(1), arguments.int(2));
        let place = if part < 0 { !part } else { part };
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        let found = match separator.is_empty() {
            true => (place == 0).then_some(whole),
            false if part < 0 => whole.rsplit(separator).nth(place),
            false => whole.split(separator).nth(place),
        };
        found.map_or(Ok(Value::Null), text)
    }),
    ..DEFAULTS
};
