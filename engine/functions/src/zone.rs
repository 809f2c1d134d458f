//! Time zones: from names, and between instants and the clock on the wall.

use crate::arguments::{Arguments, CallSite};
use crate::error::{BadArgument, FunctionError, quoted};
use chrono::offset::LocalResult;
use chrono::{DateTime, NaiveDateTime, Offset, TimeZone};
use chrono_tz::Tz;

/// The zone of a call: UTC where none is given, else a constant that was read once, or a name that each event has.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Zone {
    Utc,
    Fixed(Tz),
    Argument(usize),
}

/// The zone for one event.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Local {
    Utc,
    In(Tz),
}

impl Zone {
    /// The zone in a place of a call; a constant that is no zone is refused.
    pub(crate) fn new(site: &CallSite<'_>, argument: usize) -> Result<Zone, BadArgument> {
        if argument >= site.len() {
            return Ok(Zone::Utc);
        }
        let Some(name) = site.string(argument) else { return Ok(Zone::Argument(argument)) };
        if name == "UTC" {
            return Ok(Zone::Utc);
        }
        name.parse().map(Zone::Fixed).map_err(|_| {
            let bad = BadArgument::new(argument, format!("there is no time zone {}", quoted(name)));
            match meant(name) {
                Some(meant) => bad.note(format!("did you mean \"{meant}\"?")),
                None => bad.note("zones have the names of the IANA database, such as \"Europe/Amsterdam\""),
            }
        })
    }

    pub(crate) fn of(self, arguments: &Arguments<'_>) -> Result<Local, FunctionError> {
        match self {
            Zone::Utc => Ok(Local::Utc),
            Zone::Fixed(zone) => Ok(Local::In(zone)),
            Zone::Argument(argument) => {
                let name = arguments.string(argument);
                let unknown = |_| FunctionError::UnknownZone { name: quoted(name) };
                name.parse().map(Local::In).map_err(unknown)
            }
        }
    }
}

/// A zone whose name is near; letters' case does not count, nor does a part that was left out.
fn meant(wrong: &str) -> Option<&'static str> {
    let wrong = wrong.to_lowercase();
    let names = || chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
    let city = names().find(|name| name.to_lowercase().rsplit('/').next() == Some(wrong.as_str()));
    let near = || {
        let distances = names().map(|name| (strsim::osa_distance(&wrong, &name.to_lowercase()), name));
        distances.min().filter(|(distance, _)| *distance <= wrong.chars().count() / 3)
    };
    city.or_else(|| near().map(|(_, name)| name))
}

impl Local {
    /// An instant with its calendar, for formats.
    pub(crate) fn time(self, micros: i64) -> Result<DateTime<Tz>, FunctionError> {
        let zone = match self {
            Local::Utc => Tz::UTC,
            Local::In(zone) => zone,
        };
        Ok(zone.from_utc_datetime(&naive(micros)?))
    }

    /// The clock on the wall at an instant, as microseconds since 1970-01-01T00:00:00 on that clock.
    pub(crate) fn wall(self, micros: i64) -> Result<i64, FunctionError> {
        let offset = self.offset(micros)?;
        micros.checked_add(offset).ok_or(FunctionError::Overflow)
    }

    /// How far the wall's clock is ahead of UTC at an instant, in microseconds.
    pub(crate) fn offset(self, micros: i64) -> Result<i64, FunctionError> {
        match self {
            Local::Utc => Ok(0),
            Local::In(zone) => {
                let utc = naive(micros)?;
                Ok(i64::from(zone.offset_from_utc_datetime(&utc).fix().local_minus_utc()) * 1_000_000)
            }
        }
    }

    /// The instant at which the wall's clock shows a time. Where a clock that is put back shows it twice, the first; where one that
    /// is put forward never shows it, the instant as far behind the gap's start as the time is.
    pub(crate) fn instant(self, wall: i64) -> Result<i64, FunctionError> {
        let Local::In(zone) = self else { return Ok(wall) };
        let local = naive(wall)?;
        match zone.offset_from_local_datetime(&local) {
            LocalResult::Single(offset) | LocalResult::Ambiguous(offset, _) => {
                shift(wall, -i64::from(offset.fix().local_minus_utc()))
            }
            LocalResult::None => {
                // The offset that held a day earlier is the one from before the gap.
                let before = shift(wall, -86_400)?;
                let offset = zone.offset_from_utc_datetime(&naive(before)?).fix().local_minus_utc();
                shift(wall, -i64::from(offset))
            }
        }
    }
}

fn shift(micros: i64, seconds: i64) -> Result<i64, FunctionError> {
    micros.checked_add(seconds * 1_000_000).ok_or(FunctionError::Overflow)
}

/// Microseconds as chrono's calendar has them; it ends before the range of microseconds does.
fn naive(micros: i64) -> Result<NaiveDateTime, FunctionError> {
    DateTime::from_timestamp_micros(micros).map(|time| time.naive_utc()).ok_or(FunctionError::Overflow)
}

/// Back to microseconds.
pub(crate) fn micros_of(time: NaiveDateTime) -> i64 {
    time.and_utc().timestamp_micros()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_model::time::parse_rfc3339;

    fn utc(text: &str) -> i64 {
        parse_rfc3339(text.as_bytes()).expect("a time").micros()
    }

    #[test]
    fn clocks_that_are_put_forward_and_back() {
        let amsterdam = Local::In("Europe/Amsterdam".parse().expect("a zone"));
        // 2026-03-29: 02:00 became 03:00; 02:30 was never shown.
        let gap = amsterdam.instant(utc("2026-03-29T02:30:00Z")).expect("an instant");
        assert_eq!(gap, utc("2026-03-29T01:30:00Z"));
        assert_eq!(amsterdam.wall(gap).expect("a wall"), utc("2026-03-29T03:30:00Z"));
        // 2026-10-25: 03:00 became 02:00; 02:30 was shown twice.
        assert_eq!(amsterdam.instant(utc("2026-10-25T02:30:00Z")).expect("one"), utc("2026-10-25T00:30:00Z"));
    }

    #[test]
    fn names_that_are_nearly_right() {
        assert_eq!(meant("amsterdam"), Some("Europe/Amsterdam"));
        assert_eq!(meant("Europe/Amsterdan"), Some("Europe/Amsterdam"));
        assert_eq!(meant("Middle/Earth/Mordor"), None);
    }
}
