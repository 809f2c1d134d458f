use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "json_valid",
    elsewhere: &["is_json", "is_json_string", "json_is_valid"],
    meaning: "Is the text JSON?",
    parameters: &[string("text")],
    gives: Gives::Bool,
    examples: &[
        gives(r#"json_valid("{\"a\": [1, 2]}")"#, "true"),
        gives(r#"json_valid("{a: 1}")"#, "false").note("names stand in quotes"),
        gives(r#"json_valid("")"#, "false"),
    ],
    body: Body::Direct(|arguments| {
        Ok(Value::Bool(serde_json::from_str::<serde::de::IgnoredAny>(arguments.string(0)).is_ok()))
    }),
    ..DEFAULTS
};
