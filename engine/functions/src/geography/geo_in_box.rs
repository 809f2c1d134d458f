use crate::define::*;
use super::point::Point;

pub(crate) static FUNCTION: Function = Function {
    name: "geo_in_box",
    elsewhere: &["in_bounding_box", "st_within"],
    meaning: "Is a place within a box of two latitudes and two longitudes? If `west` is greater than `east` it spans the date line.",
    parameters: &[
        float("latitude"),
        float("longitude"),
        float("south"),
        float("west"),
        float("north"),
        float("east"),
    ],
    gives: Gives::Bool,
    errors: &[OutOfRange],
    examples: &[
        gives("geo_in_box(52.37, 4.89, 52.2, 4.7, 52.5, 5.1)", "true"),
        gives("geo_in_box(0, 180, -10, 170, 10, -170)", "true").note("over the date line"),
        gives("geo_in_box(52.5, 5.1, 52.2, 4.7, 52.5, 5.1)", "true").note("its edge belongs to it"),
    ],
    body: Body::Direct(|arguments| {
        let place = Point::new(arguments, 0)?;
        let (south_west, north_east) = (Point::new(arguments, 2)?, Point::new(arguments, 4)?);
        Ok(Value::Bool(place.is_within(south_west, north_east)))
    }),
    ..DEFAULTS
};
