//! The clock on the wall of a time zone, read as a line that never goes back: what windows by a zone are cut along.

use crate::zone::Local;
use chrono::offset::LocalResult;
use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::Tz;
use tidegate_model::{EventTime, Span};

/// No clock is further from UTC, and none was ever changed by more.
const FAR: Span = Span::from_secs(2 * 86_400);
const MICRO: Span = Span::from_micros(1);

/// Times of the wall are [`EventTime`]s as if the clock were of UTC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WallClock(Tz);

impl WallClock {
    /// The clock of a zone of the IANA database. None: there is no such zone.
    pub fn of(zone: &str) -> Option<WallClock> {
        zone.parse().ok().map(WallClock)
    }

    /// The latest time that the clock has shown up to an instant. While an hour comes a second time, that is the end of the first.
    pub fn shown(self, at: EventTime) -> EventTime {
        let offset = self.offset(at);
        let wall = at.plus(offset);
        let Some((first, second)) = self.twice(wall) else { return wall };
        if offset != second || first == second {
            return wall;
        }
        // Somewhere between both moments that show this time the clock was put back.
        let back = least(wall.minus(first), at, |instant| self.offset(instant) != first);
        back.plus(first).minus(MICRO)
    }

    /// The first instant at which the clock shows a time, or a later one: of a time that is shown twice the first, and of one that a change
    /// leaves out the moment of the change.
    pub fn first_at(self, wall: EventTime) -> EventTime {
        let Some(local) = DateTime::from_timestamp_micros(wall.micros()) else { return wall };
        let offset = match self.0.offset_from_local_datetime(&local.naive_utc()) {
            LocalResult::Single(offset) | LocalResult::Ambiguous(offset, _) => offset,
            LocalResult::None => {
                return least(wall.minus(FAR), wall.plus(FAR), |instant| {
                    instant.plus(self.offset(instant)) >= wall
                });
            }
        };
        wall.minus(ahead(&offset))
    }

    /// How far the clock is ahead of UTC. Behind the end of the calendar it is not ahead.
    fn offset(self, at: EventTime) -> Span {
        Local::In(self.0).offset(at.micros()).map_or(Span::ZERO, Span::from_micros)
    }

    /// How far the clock is ahead at the two moments that show a time.
    fn twice(self, wall: EventTime) -> Option<(Span, Span)> {
        let local = DateTime::from_timestamp_micros(wall.micros())?;
        match self.0.offset_from_local_datetime(&local.naive_utc()) {
            LocalResult::Ambiguous(first, second) => Some((ahead(&first), ahead(&second))),
            _ => None,
        }
    }
}

fn ahead(offset: &impl Offset) -> Span {
    Span::from_secs(offset.fix().local_minus_utc().into())
}

/// The first instant in (after, up_to] for which something is true that stays true; it is true for `up_to`.
fn least(after: EventTime, up_to: EventTime, is_true: impl Fn(EventTime) -> bool) -> EventTime {
    let (mut before, mut from) = (after.micros(), up_to.micros());
    while from - before > 1 {
        let middle = before + (from - before) / 2;
        if is_true(EventTime::from_micros(middle)) { from = middle } else { before = middle }
    }
    EventTime::from_micros(from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_model::time::parse_rfc3339;

    fn at(text: &str) -> EventTime {
        parse_rfc3339(text.as_bytes()).expect("a time")
    }

    fn clock(zone: &str) -> WallClock {
        WallClock::of(zone).expect("a zone")
    }

    #[test]
    fn an_hour_that_is_left_out_is_the_moment_of_the_change() {
        let paris = clock("Europe/Paris");
        // 2026-03-29: 02:00 became 03:00, at 01:00 UTC.
        for wall in ["02:00", "02:30", "03:00"] {
            let wall = at(&format!("2026-03-29T{wall}:00Z"));
            assert_eq!(paris.first_at(wall), at("2026-03-29T01:00:00Z"), "{wall}");
        }
        assert_eq!(paris.first_at(at("2026-03-29T01:59:59Z")), at("2026-03-29T00:59:59Z"));
        assert_eq!(paris.first_at(at("2026-03-29T03:00:01Z")), at("2026-03-29T01:00:01Z"));
        // Samoa left out 30 December 2011.
        let day = clock("Pacific/Apia");
        assert_eq!(day.first_at(at("2011-12-30T12:00:00Z")), at("2011-12-30T10:00:00Z"));
        assert_eq!(day.first_at(at("2011-12-31T00:00:00Z")), at("2011-12-30T10:00:00Z"));
    }

    #[test]
    fn an_hour_that_comes_twice_counts_the_first_time() {
        let paris = clock("Europe/Paris");
        // 2026-10-25: 03:00 became 02:00, at 01:00 UTC.
        assert_eq!(paris.first_at(at("2026-10-25T02:00:00Z")), at("2026-10-25T00:00:00Z"));
        assert_eq!(paris.first_at(at("2026-10-25T02:59:59Z")), at("2026-10-25T00:59:59Z"));
        assert_eq!(paris.first_at(at("2026-10-25T03:00:00Z")), at("2026-10-25T02:00:00Z"));
        assert_eq!(paris.shown(at("2026-10-25T00:10:00Z")), at("2026-10-25T02:10:00Z"));
        for second in ["2026-10-25T01:00:00Z", "2026-10-25T01:10:00Z", "2026-10-25T01:59:59Z"] {
            assert_eq!(paris.shown(at(second)), at("2026-10-25T02:59:59.999999Z"), "{second}");
        }
        assert_eq!(paris.shown(at("2026-10-25T02:00:00Z")), at("2026-10-25T03:00:00Z"));
    }

    /// The one undoes the other, and neither goes back, through all changes of half a century.
    #[test]
    fn the_line_never_goes_back() {
        for zone in
            ["Europe/Paris", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia", "Africa/Casablanca"]
        {
            let clock = clock(zone);
            let (mut shown_before, mut first_before) = (EventTime::MIN, EventTime::MIN);
            for quarter in 0..50 * 365 * 96 {
                let time = EventTime::from_millis(quarter * 900_000);
                let (shown, first) = (clock.shown(time), clock.first_at(time));
                assert!(shown >= shown_before && first >= first_before, "{zone} at {time}");
                (shown_before, first_before) = (shown, first);
                assert!(clock.first_at(shown) <= time, "{zone}: {time} shows {shown}");
                assert!(clock.shown(first) >= time, "{zone}: {time} is first at {first}");
                assert!(clock.shown(first.minus(MICRO)) < time, "{zone}: {first} is the first");
            }
        }
    }
}
