use crate::define::*;
use twox_hash::XxHash64;

pub(crate) static FUNCTION: Function = Function {
    name: "xxhash64",
    elsewhere: &["xxh64", "fnv1a"],
    meaning: "The fast 64-bit hash XXH64 of a text, as the int with the same bits.",
    parameters: &[string("text")],
    gives: Gives::Int,
    examples: &[
        gives(r#"to_hex(xxhash64("abc"))"#, r#""44bc2cf5ad770999""#),
        gives(r#"xxhash64("")"#, "-1205034819632174695").note("half of all hashes are below zero"),
    ],
    body: Body::Direct(|arguments| {
        Ok(Value::Int(XxHash64::oneshot(0, arguments.string(0).as_bytes()) as i64))
    }),
    ..DEFAULTS
};
