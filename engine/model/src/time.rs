//! Points and lengths of time. All are whole microseconds; points count from 1970-01-01T00:00:00Z.

use std::fmt;

/// When an event happened, in microseconds since the Unix epoch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EventTime(i64);

impl EventTime {
    pub const MIN: EventTime = EventTime(i64::MIN);
    pub const MAX: EventTime = EventTime(i64::MAX);

    pub const fn from_micros(micros: i64) -> EventTime {
        EventTime(micros)
    }

    /// Can RFC 3339 write it, with its four digits for the year? No event happened outside of the years 0 to 9999.
    pub const fn has_calendar_date(self) -> bool {
        const FIRST: i64 = -62_167_219_200_000_000;
        const BEHIND: i64 = 253_402_300_800_000_000;
        FIRST <= self.0 && self.0 < BEHIND
    }

    /// Saturates at the ends of the range.
    pub const fn from_millis(millis: i64) -> EventTime {
        EventTime(millis.saturating_mul(1000))
    }

    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole milliseconds, rounded towards the past, as Kafka's record timestamps are.
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Saturates, so that [`EventTime::MAX`] stays the end of time.
    pub const fn plus(self, span: Span) -> EventTime {
        EventTime(self.0.saturating_add(span.0))
    }

    /// Saturates, so that [`EventTime::MIN`] stays the beginning of time. The end of time stays too.
    pub const fn minus(self, span: Span) -> EventTime {
        if self.0 == i64::MAX { self } else { EventTime(self.0.saturating_sub(span.0)) }
    }

    /// The start of the step of length `step` that holds this instant, counted from the epoch.
    pub fn floor_to(self, step: Span) -> EventTime {
        assert!(step.0 > 0, "a step has a positive length");
        EventTime(self.0.saturating_sub(self.0.rem_euclid(step.0)))
    }
}

impl fmt::Display for EventTime {
    /// RFC 3339 in UTC, with as many decimals (0, 3 or 6) as are needed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::with_capacity(27);
        write_rfc3339(self.0, &mut text);
        f.write_str(std::str::from_utf8(&text).expect("RFC 3339 is ASCII"))
    }
}

/// A length of time in microseconds, never negative where it is a window, a grace or a bound.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Span(i64);

impl Span {
    pub const ZERO: Span = Span(0);

    pub const fn from_micros(micros: i64) -> Span {
        Span(micros)
    }

    pub const fn from_millis(millis: i64) -> Span {
        Span(millis.saturating_mul(1000))
    }

    pub const fn from_secs(secs: i64) -> Span {
        Span(secs.saturating_mul(1_000_000))
    }

    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Saturates.
    pub const fn plus(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }

    /// Reads what is printed: `1h30m`, `-250ms`. None: it is no length of time, or too long.
    pub fn parse(text: &str) -> Option<Span> {
        let (sign, mut rest) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let mut total = 0i64;
        if rest.is_empty() {
            return None;
        }
        while !rest.is_empty() {
            let digits = rest.find(|char: char| !char.is_ascii_digit())?;
            let behind = &rest[digits..];
            let unit = behind.find(|char: char| char.is_ascii_digit()).unwrap_or(behind.len());
            let micros = match &behind[..unit] {
                "d" => 86_400_000_000,
                "h" => 3_600_000_000,
                "m" => 60_000_000,
                "s" => 1_000_000,
                "ms" => 1000,
                "us" => 1,
                _ => return None,
            };
            let part = rest[..digits].parse::<i64>().ok()?.checked_mul(micros)?;
            // Summed up with the sign, since the least value has no positive one.
            total = total.checked_add(sign * part)?;
            rest = &behind[unit..];
        }
        Some(Span(total))
    }
}

impl fmt::Display for Span {
    /// As the language writes it: `1h30m`, `250ms`, `0s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let mut rest = self.0.unsigned_abs();
        for (unit, micros) in [
            ("d", 86_400_000_000),
            ("h", 3_600_000_000),
            ("m", 60_000_000),
            ("s", 1_000_000),
            ("ms", 1000),
            ("us", 1u64),
        ] {
            if rest >= micros {
                write!(f, "{}{unit}", rest / micros)?;
                rest %= micros;
            }
        }
        Ok(())
    }
}

/// A promise that no event older than this is expected any more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Watermark(pub EventTime);

impl Watermark {
    /// Nothing is known yet.
    pub const START: Watermark = Watermark(EventTime::MIN);
    /// A finite input has ended.
    pub const END: Watermark = Watermark(EventTime::MAX);
}

/// Days since 1970-01-01 to (year, month, day); after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
pub fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = (doy - (153 * mp + 2) / 5 + 1) as u32;
    let month = if mp < 10 { mp + 3 } else { mp - 9 } as u32;
    (yoe + era * 400 + i64::from(month <= 2), month, day)
}

/// (year, month, day) to days since 1970-01-01; after the same source.
pub fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let y = year - i64::from(month <= 2);
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let mp = (i64::from(month) + 9) % 12;
    let doy = (153 * mp + 2) / 5 + i64::from(day) - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}

/// Appends microseconds since the epoch as RFC 3339 in UTC.
pub fn write_rfc3339(micros: i64, out: &mut Vec<u8>) {
    let secs = micros.div_euclid(1_000_000);
    let fraction = micros.rem_euclid(1_000_000) as u32;
    let (year, month, day) = civil_from_days(secs.div_euclid(86_400));
    let second_of_day = secs.rem_euclid(86_400) as u32;
    if (0..=9999).contains(&year) {
        push_digits(out, year as u32, 4);
    } else {
        out.extend_from_slice(format!("{year:+}").as_bytes());
    }
    out.push(b'-');
    push_digits(out, month, 2);
    out.push(b'-');
    push_digits(out, day, 2);
    out.push(b'T');
    push_digits(out, second_of_day / 3600, 2);
    out.push(b':');
    push_digits(out, second_of_day / 60 % 60, 2);
    out.push(b':');
    push_digits(out, second_of_day % 60, 2);
    if !fraction.is_multiple_of(1000) {
        out.push(b'.');
        push_digits(out, fraction, 6);
    } else if fraction != 0 {
        out.push(b'.');
        push_digits(out, fraction / 1000, 3);
    }
    out.push(b'Z');
}

fn push_digits(out: &mut Vec<u8>, number: u32, width: u32) {
    for place in (0..width).rev() {
        out.push(b'0' + (number / 10u32.pow(place) % 10) as u8);
    }
}

/// Reads RFC 3339 (`2026-01-01T10:00:00Z`, an offset, up to nine decimals; finer than a microsecond is refused as inexact).
pub fn parse_rfc3339(text: &[u8]) -> Option<EventTime> {
    let digits = |range: std::ops::Range<usize>| -> Option<i64> {
        let mut number = 0i64;
        for &byte in text.get(range)? {
            if !byte.is_ascii_digit() {
                return None;
            }
            number = number * 10 + i64::from(byte - b'0');
        }
        Some(number)
    };
    let expect = |at: usize, bytes: &[u8]| text.get(at).is_some_and(|byte| bytes.contains(byte));
    let (year, month, day) = (digits(0..4)?, digits(5..7)? as u32, digits(8..10)? as u32);
    let (hour, minute, second) = (digits(11..13)?, digits(14..16)?, digits(17..19)?);
    if !(expect(4, b"-") && expect(7, b"-") && expect(10, b"Tt ") && expect(13, b":") && expect(16, b":")) {
        return None;
    }
    let days = days_from_civil(year, month, day);
    if civil_from_days(days) != (year, month, day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let mut at = 19;
    let mut micros = 0;
    if expect(at, b".") {
        at += 1;
        let start = at;
        while at < text.len() && text[at].is_ascii_digit() {
            let place = at - start;
            let digit = i64::from(text[at] - b'0');
            if place >= 6 && digit != 0 {
                return None;
            }
            if place < 6 {
                micros += digit * 10i64.pow(5 - place as u32);
            }
            at += 1;
        }
        if at == start {
            return None;
        }
    }
    let offset_secs = if expect(at, b"Zz") {
        at += 1;
        0
    } else if expect(at, b"+-") {
        let sign = if text[at] == b'-' { -1 } else { 1 };
        let (hours, minutes) = (digits(at + 1..at + 3)?, digits(at + 4..at + 6)?);
        if !expect(at + 3, b":") || hours > 23 || minutes > 59 {
            return None;
        }
        at += 6;
        sign * (hours * 3600 + minutes * 60)
    } else {
        return None;
    };
    if at != text.len() {
        return None;
    }
    let secs = days * 86_400 + hour * 3600 + minute * 60 + second - offset_secs;
    Some(EventTime::from_micros(secs * 1_000_000 + micros))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rfc3339_reads_offsets_and_refuses_what_does_not_exist() {
        let at = |text: &str| parse_rfc3339(text.as_bytes()).map(|time| time.to_string());
        assert_eq!(at("2023-11-14T22:13:20Z").as_deref(), Some("2023-11-14T22:13:20Z"));
        assert_eq!(at("2023-11-14T23:13:20.250+01:00").as_deref(), Some("2023-11-14T22:13:20.250Z"));
        assert_eq!(at("2024-02-29T00:00:00Z").as_deref(), Some("2024-02-29T00:00:00Z"));
        for wrong in
            ["2023-02-29T00:00:00Z", "2023-11-14", "2023-11-14T22:13:20", "2023-11-14T24:00:00Z", "x"]
        {
            assert_eq!(at(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn spans_print_as_the_language_writes_them() {
        assert_eq!(Span::from_secs(5400).to_string(), "1h30m");
        assert_eq!(Span::from_millis(250).to_string(), "250ms");
        assert_eq!(Span::ZERO.to_string(), "0s");
    }

    proptest! {
        #[test]
        fn rfc3339_round_trips(micros in -62_167_219_200_000_000i64..253_402_300_799_999_999) {
            let time = EventTime::from_micros(micros);
            prop_assert_eq!(parse_rfc3339(time.to_string().as_bytes()), Some(time));
        }

        #[test]
        fn spans_round_trip(micros: i64) {
            prop_assert_eq!(Span::parse(&Span::from_micros(micros).to_string()), Some(Span::from_micros(micros)));
        }

        #[test]
        fn any_text_is_read_without_panic(text: String) {
            let _ = Span::parse(&text);
        }

        #[test]
        fn floor_is_the_start_of_the_step_that_holds_the_instant(micros in -1i64 << 50..1i64 << 50, step in 1i64..1 << 40) {
            let start = EventTime::from_micros(micros).floor_to(Span::from_micros(step)).micros();
            prop_assert!(start <= micros && micros - start < step && start.rem_euclid(step) == 0);
        }
    }
}
