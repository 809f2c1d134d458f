use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "is_digits",
    meaning: "Is the text one or more digits from 0 to 9, and nothing else?",
    parameters: &[string("text")],
    gives: Gives::Bool,
    examples: &[
        gives(r#"is_digits("0042")"#, "true"),
        gives(r#"is_digits("-42")"#, "false"),
        gives(r#"is_digits("")"#, "false").note("at least one"),
    ],
    body: Body::Direct(|arguments| {
        let whole = arguments.string(0);
        Ok(Value::Bool(!whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit())))
    }),
    ..DEFAULTS
};
