use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "equals_ignore_case",
    meaning: "Are two texts the same but for upper and lower case?",
    parameters: &[string("a"), string("b")],
    gives: Gives::Bool,
    examples: &[
        gives(r#"equals_ignore_case("EUR", "eur")"#, "true"),
        gives(r#"equals_ignore_case("ÉTÉ", "été")"#, "true").note("letters of every script"),
        gives(r#"equals_ignore_case("été", "ete")"#, "false").note("accents count"),
    ],
    body: Body::Direct(|arguments| {
        let (a, b) = (arguments.string(0), arguments.string(1));
        let same = a.chars().flat_map(char::to_lowercase).eq(b.chars().flat_map(char::to_lowercase));
        Ok(Value::Bool(same))
    }),
    ..DEFAULTS
};
