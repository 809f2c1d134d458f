use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "try_bool",
    meaning: "A text such as true, yes, on, 1 or false, no, off, 0 as a bool; null if it is none of them.",
    parameters: &[string("text")],
    gives: Gives::Bool,
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives(r#"try_bool("Yes")"#, "true"),
        gives(r#"try_bool("0")"#, "false"),
        gives(r#"try_bool("maybe")"#, "null").note("none of the words"),
    ],
    body: Body::Direct(|arguments| {
        let word = arguments.string(0).trim().to_ascii_lowercase();
        Ok(match word.as_str() {
            "true" | "t" | "yes" | "y" | "on" | "1" => Value::Bool(true),
            "false" | "f" | "no" | "n" | "off" | "0" => Value::Bool(false),
            _ => Value::Null,
        })
    }),
    ..DEFAULTS
};
