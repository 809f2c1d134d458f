use crate::define::*;
use super::point::Point;

pub(crate) static FUNCTION: Function = Function {
    name: "geo_bearing",
    elsewhere: &["bearing", "st_azimuth"],
    meaning: "The direction in which the shortest way from one place to another begins, in degrees: 0 is north, 90 is east.",
    parameters: &[float("latitude1"), float("longitude1"), float("latitude2"), float("longitude2")],
    gives: Gives::Float,
    errors: &[OutOfRange],
    examples: &[
        gives("round(geo_bearing(0, 0, 0, 10))", "90"),
        gives("round(geo_bearing(52.3702, 4.8952, 48.8566, 2.3522))", "206"),
        gives("geo_bearing(10, 20, 10, 20)", "0.0").note("the same place has no direction: north"),
    ],
    body: Body::Direct(|arguments| {
        let (a, b) = (Point::new(arguments, 0)?, Point::new(arguments, 2)?);
        Ok(Value::Float(a.bearing(b)))
    }),
    ..DEFAULTS
};
