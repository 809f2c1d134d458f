//! Functions of places on the globe: latitude from -90 to 90, longitude from -180 to 180, in degrees of WGS 84.

mod cell;
mod point;

crate::define::functions! {
    geo_distance, geo_bearing, geo_in_box, geohash, geohash_latitude, geohash_longitude,
}
