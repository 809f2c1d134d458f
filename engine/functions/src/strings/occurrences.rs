use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "occurrences",
    meaning: "How often a part is in a text, from the left and none overlapping.",
    parameters: &[string("text"), string("part")],
    gives: Gives::Int,
    examples: &[
        gives(r#"occurrences("a,b,c", ",")"#, "2"),
        gives(r#"occurrences("aaa", "aa")"#, "1").note("none overlapping"),
        gives(r#"occurrences("abc", "")"#, "0").note("the empty part is not counted"),
    ],
    body: Body::Direct(|arguments| {
        let part = arguments.string(1);
        let count = if part.is_empty() { 0 } else { arguments.string(0).matches(part).count() };
        Ok(Value::Int(count as i64))
    }),
    ..DEFAULTS
};
