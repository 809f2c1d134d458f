use crate::define::*;
use crate::hex::uuid_bytes;

pub(crate) static FUNCTION: Function = Function {
    name: "is_uuid",
    meaning: "Is the text a UUID, as 8-4-4-4-12 hexadecimal digits?",
    parameters: &[string("text")],
    gives: Gives::Bool,
    examples: &[
        gives(r#"is_uuid("2ed6657d-e927-568b-95e1-2665a8aea6a2")"#, "true"),
        gives(r#"is_uuid("2ed6657de927568b95e12665a8aea6a2")"#, "false").note("the dashes belong to it"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Bool(uuid_bytes(arguments.string(0)).is_some()))),
    ..DEFAULTS
};
