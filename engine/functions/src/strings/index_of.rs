use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "index_of",
    aliases: &["position"],
    elsewhere: &["instr", "locate", "charindex", "strpos"],
    meaning: "Where a part first begins in a text, in characters from 0; null if it is not there.",
    parameters: &[string("text"), string("part")],
    gives: Gives::Int,
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives(r#"index_of("tidegate", "gate")"#, "4"),
        gives(r#"index_of("€€x", "x")"#, "2").note("characters, not bytes"),
        gives(r#"index_of("tide", "x")"#, "null").note("not there"),
    ],
    body: Body::Direct(|arguments| {
        let whole = arguments.string(0);
        let found = whole.find(arguments.string(1));
        Ok(found.map_or(Value::Null, |at| Value::Int(whole[..at].chars().count() as i64)))
    }),
    ..DEFAULTS
};
