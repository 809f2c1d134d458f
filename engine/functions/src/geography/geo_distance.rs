use crate::define::*;
use super::point::Point;

pub(crate) static FUNCTION: Function = Function {
    name: "geo_distance",
    elsewhere: &["haversine", "distance", "st_distance", "st_distancesphere"],
    meaning: "Metres between two places on the globe, over the surface of a ball (haversine; at most half a percent off).",
    parameters: &[float("latitude1"), float("longitude1"), float("latitude2"), float("longitude2")],
    gives: Gives::Float,
    errors: &[OutOfRange],
    examples: &[
        gives("round(geo_distance(52.3702, 4.8952, 48.8566, 2.3522))", "429860"),
        gives("geo_distance(10, 20, 10, 20)", "0.0").note("the same place"),
        gives("round(geo_distance(0, 179.5, 0, -179.5))", "111195").note("over the date line"),
        fails("geo_distance(91, 0, 0, 0)", OutOfRange),
    ],
    body: Body::Direct(|arguments| {
        let (a, b) = (Point::new(arguments, 0)?, Point::new(arguments, 2)?);
        Ok(Value::Float(a.distance(b)))
    }),
    ..DEFAULTS
};
