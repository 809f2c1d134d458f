//! Geohashes: each character halves the cell five times, longitude and latitude in turn (G. Niemeyer, 2008).

use super::point::Point;
use crate::error::FunctionError;

const DIGITS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";
const CHARACTERS_MAX: usize = 12;
const BITS: u32 = 5;

pub(super) fn encode(place: Point, characters: usize) -> String {
    let mut halves = Halves::new();
    let mut hash = String::new();
    for _ in 0..characters {
        let mut digit = 0;
        for _ in 0..BITS {
            digit = digit << 1
                | usize::from(halves.narrow(|axis, middle| match axis {
                    Axis::Longitude => place.longitude >= middle,
                    Axis::Latitude => place.latitude >= middle,
                }));
        }
        hash.push(char::from(DIGITS[digit]));
    }
    hash
}

/// The middle of the cell.
pub(super) fn decode(hash: &str) -> Result<Point, FunctionError> {
    let unreadable = || FunctionError::unreadable("a geohash of 1 to 12 characters", hash);
    if hash.is_empty() || hash.len() > CHARACTERS_MAX {
        return Err(unreadable());
    }
    let mut halves = Halves::new();
    for byte in hash.bytes() {
        let lower = byte.to_ascii_lowercase();
        let digit = DIGITS.iter().position(|digit| *digit == lower).ok_or_else(unreadable)?;
        for bit in (0..BITS).rev() {
            halves.narrow(|_, _| digit >> bit & 1 == 1);
        }
    }
    let middle = |(low, high): (f64, f64)| low / 2.0 + high / 2.0;
    Ok(Point { latitude: middle(halves.latitude), longitude: middle(halves.longitude) })
}

#[derive(Clone, Copy)]
enum Axis {
    Longitude,
    Latitude,
}

/// The cell so far, and which side is halved next.
struct Halves {
    longitude: (f64, f64),
    latitude: (f64, f64),
    next: Axis,
}

impl Halves {
    fn new() -> Halves {
        Halves { longitude: (-180.0, 180.0), latitude: (-90.0, 90.0), next: Axis::Longitude }
    }

    /// Keeps the upper half if `upper` says so of the middle; gives what it said.
    fn narrow(&mut self, upper: impl FnOnce(Axis, f64) -> bool) -> bool {
        let axis = self.next;
        let side = match axis {
            Axis::Longitude => &mut self.longitude,
            Axis::Latitude => &mut self.latitude,
        };
        let middle = side.0 / 2.0 + side.1 / 2.0;
        let is_upper = upper(axis, middle);
        *side = if is_upper { (middle, side.1) } else { (side.0, middle) };
        self.next = match axis {
            Axis::Longitude => Axis::Latitude,
            Axis::Latitude => Axis::Longitude,
        };
        is_upper
    }
}
