use crate::define::*;
use super::cell::decode;

pub(crate) static FUNCTION: Function = Function {
    name: "geohash_latitude",
    elsewhere: &["geohash_decode"],
    meaning: "The latitude of the middle of a geohash's cell.",
    parameters: &[string("geohash")],
    gives: Gives::Float,
    errors: &[Unreadable],
    examples: &[
        gives(r#"round(geohash_latitude("u4pruydqqvj"), 5)"#, "57.64911"),
        gives(r#"geohash_latitude("s")"#, "22.5").note("one character is a cell of 45 degrees"),
        fails(r#"geohash_latitude("ailo")"#, Unreadable).note("these letters are in no geohash"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Float(decode(arguments.string(0))?.latitude))),
    ..DEFAULTS
};
