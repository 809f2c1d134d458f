use crate::define::*;
use super::cell::encode;
use super::point::Point;

pub(crate) static FUNCTION: Function = Function {
    name: "geohash",
    elsewhere: &["geohash_encode", "st_geohash"],
    meaning: "The geohash of the cell that holds a place, with 1 to 12 characters: 5 are some 5 km, 7 some 150 m, 9 some 5 m.",
    parameters: &[float("latitude"), float("longitude"), int("characters").or("9")],
    gives: Gives::String,
    errors: &[OutOfRange],
    examples: &[
        gives("geohash(57.64911, 10.40744, 11)", r#""u4pruydqqvj""#),
        gives("geohash(52.3702, 4.8952, 5)", r#""u173z""#),
        gives("geohash(90, 180, 3)", r#""zzz""#).note("the last cell holds its edges"),
        fails("geohash(0, 0, 13)", OutOfRange),
    ],
    body: Body::Direct(|arguments| {
        let place = Point::new(arguments, 0)?;
        let given = arguments.optional_int(2).unwrap_or(9);
        let characters = usize::try_from(given).ok().filter(|characters| (1..=12).contains(characters));
        let wrong = || FunctionError::out_of_range("the number of characters", "between 1 and 12", given);
        text(encode(place, characters.ok_or_else(wrong)?))
    }),
    ..DEFAULTS
};
