//! A place on the globe.

use crate::define::*;

/// The mean radius of the Earth in metres (IUGG).
const RADIUS: f64 = 6_371_008.8;

/// In degrees.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Point {
    pub(super) latitude: f64,
    pub(super) longitude: f64,
}

impl Point {
    /// From two arguments, a latitude and the longitude behind it.
    pub(super) fn new(arguments: &Arguments<'_>, place: usize) -> Result<Point, FunctionError> {
        let (latitude, longitude) = (arguments.float(place), arguments.float(place + 1));
        if !(-90.0..=90.0).contains(&latitude) {
            return Err(FunctionError::out_of_range("a latitude", "between -90 and 90", latitude));
        }
        if !(-180.0..=180.0).contains(&longitude) {
            return Err(FunctionError::out_of_range("a longitude", "between -180 and 180", longitude));
        }
        Ok(Point { latitude, longitude })
    }

    /// Metres, by the haversine formula.
    pub(super) fn distance(self, other: Point) -> f64 {
        let (from, to) = (self.latitude.to_radians(), other.latitude.to_radians());
        let half_latitude = (to - from) / 2.0;
        let half_longitude = (other.longitude - self.longitude).to_radians() / 2.0;
        let a = half_latitude.sin().powi(2) + from.cos() * to.cos() * half_longitude.sin().powi(2);
        // Rounding may bring opposite places a little beyond 1.
        2.0 * RADIUS * a.sqrt().min(1.0).asin()
    }

    /// Degrees from north, clockwise, from 0 to below 360.
    pub(super) fn bearing(self, other: Point) -> f64 {
        let (from, to) = (self.latitude.to_radians(), other.latitude.to_radians());
        let longitude = (other.longitude - self.longitude).to_radians();
        let y = longitude.sin() * to.cos();
        let x = from.cos() * to.sin() - from.sin() * to.cos() * longitude.cos();
        let degrees = y.atan2(x).to_degrees().rem_euclid(360.0);
        if degrees < 360.0 { degrees } else { 0.0 }
    }

    /// Between two latitudes, and eastwards from one longitude to the other.
    pub(super) fn is_within(self, south_west: Point, north_east: Point) -> bool {
        let (west, east) = (south_west.longitude, north_east.longitude);
        let longitude = if west <= east {
            (west..=east).contains(&self.longitude)
        } else {
            self.longitude >= west || self.longitude <= east
        };
        longitude && (south_west.latitude..=north_east.latitude).contains(&self.latitude)
    }
}
