use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "contains",
    elsewhere: &["includes", "has_substring", "array_contains"],
    meaning: "Is this part anywhere in the text, or this element in the list? `element in list` says the latter too.",
    parameters: &[string("text"), string("part")],
    gives: Gives::Bool,
    examples: &[
        gives(r#"contains("tidegate", "dega")"#, "true"),
        gives(r#"contains("tidegate", "DEGA")"#, "false").note("upper and lower case differ"),
        gives(r#"contains("text", "")"#, "true").note("the empty part is everywhere"),
        gives("contains([1, 2], 2)", "true"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Bool(arguments.string(0).contains(arguments.string(1))))),
    ..DEFAULTS
};
