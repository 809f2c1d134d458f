use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "crc32",
    meaning: "The CRC-32 checksum of a text (as zip and Ethernet have it), from 0 to 4294967295.",
    parameters: &[string("text")],
    gives: Gives::Int,
    examples: &[
        gives(r#"crc32("123456789")"#, "3421780262"),
        gives(r#"crc32("")"#, "0").note("of nothing"),
    ],
    body: Body::Direct(|arguments| {
        Ok(Value::Int(i64::from(crc32fast::hash(arguments.string(0).as_bytes()))))
    }),
    ..DEFAULTS
};
