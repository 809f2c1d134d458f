//! The clock on the wall of a zone, by the IANA database. Times on it are microseconds from its own 1970-01-01 00:00.

use chrono::{DateTime, LocalResult, NaiveDateTime, TimeZone};
use chrono_tz::Tz;

#[derive(Clone, Copy)]
pub struct Zone(Tz);

impl Zone {
    /// Clocks are changed by less than this, in microseconds.
    pub const CHANGE_MAX: i64 = 3 * 3_600_000_000;

    pub fn new(name: &str) -> Zone {
        Zone(name.parse().expect("the check knows the zone"))
    }
}

fn date(micros: i64) -> NaiveDateTime {
    DateTime::from_timestamp_micros(micros).expect("a time of our era").naive_utc()
}

/// What the clock shows at an instant.
pub fn local(zone: Option<Zone>, instant: i64) -> i64 {
    let Some(Zone(zone)) = zone else { return instant };
    zone.from_utc_datetime(&date(instant)).naive_local().and_utc().timestamp_micros()
}

/// When the clock shows a time: the first of two instants; where it passes the time over, the moment of the change.
pub fn instant(zone: Option<Zone>, local: i64) -> i64 {
    const MINUTE: i64 = 60_000_000;
    let Some(Zone(zone)) = zone else { return local };
    match zone.from_local_datetime(&date(local)) {
        LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => instant.timestamp_micros(),
        LocalResult::None => {
            let minutes = (1..).map(|minutes| (local / MINUTE + minutes) * MINUTE);
            let mut shown = minutes.filter_map(|later| zone.from_local_datetime(&date(later)).earliest());
            shown.next().expect("the clock goes on").timestamp_micros()
        }
    }
}
