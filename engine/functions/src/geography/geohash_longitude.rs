use crate::define::*;
use super::cell::decode;

pub(crate) static FUNCTION: Function = Function {
    name: "geohash_longitude",
    meaning: "The longitude of the middle of a geohash's cell.",
    parameters: &[string("geohash")],
    gives: Gives::Float,
    errors: &[Unreadable],
    examples: &[
        gives(r#"round(geohash_longitude("u4pruydqqvj"), 5)"#, "10.40744"),
        gives(r#"geohash_longitude("s")"#, "22.5").note("one character is a cell of 45 degrees"),
        fails(r#"geohash_longitude("")"#, Unreadable).note("at least one character"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Float(decode(arguments.string(0))?.longitude))),
    ..DEFAULTS
};
