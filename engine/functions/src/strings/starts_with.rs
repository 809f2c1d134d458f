use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "starts_with",
    elsewhere: &["has_prefix", "startswith"],
    meaning: "Does the text begin with this part?",
    parameters: &[string("text"), string("part")],
    gives: Gives::Bool,
    examples: &[
        gives(r#"starts_with("NL91ABNA", "NL")"#, "true"),
        gives(r#"starts_with("NL91ABNA", "nl")"#, "false").note("upper and lower case differ"),
        gives(r#"starts_with("text", "")"#, "true").note("the empty part is everywhere"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Bool(arguments.string(0).starts_with(arguments.string(1))))),
    ..DEFAULTS
};
