use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "ends_with",
    elsewhere: &["has_suffix", "endswith"],
    meaning: "Does the text end with this part?",
    parameters: &[string("text"), string("part")],
    gives: Gives::Bool,
    examples: &[
        gives(r#"ends_with("a.csv", ".csv")"#, "true"),
        gives(r#"ends_with("a.CSV", ".csv")"#, "false").note("upper and lower case differ"),
        gives(r#"ends_with("text", "")"#, "true").note("the empty part is everywhere"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Bool(arguments.string(0).ends_with(arguments.string(1))))),
    ..DEFAULTS
};
