//! Formats of times, in the notation of strftime: read once, where the call stands.

use crate::arguments::CallSite;
use crate::error::{BadArgument, FunctionError, quoted};
use crate::zone::{Local, micros_of};
use chrono::format::{Fixed, Item, Parsed, StrftimeItems, parse as parse_items};
use chrono::{DateTime, NaiveTime, Timelike};

/// A longer format is a mistake.
const FORMAT_BYTES_MAX: usize = 256;
/// Any instant: a format is tried out on it.
const SAMPLE: i64 = 1_772_359_505_250_000;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Write,
    Read,
}

/// The format in a place of a call.
pub(super) fn format(
    site: &CallSite<'_>,
    argument: usize,
    direction: Direction,
) -> Result<Vec<Item<'static>>, BadArgument> {
    let text = site.string(argument).unwrap_or_default();
    let bad = |message: String| {
        Err(BadArgument::new(argument, message)
            .note("`%Y` year, `%m` month, `%d` day, `%H` hour, `%M` minute, `%S` second, `%.3f` milliseconds, `%z` offset, `%Z` zone, `%a` weekday, `%b` month's name, `%%` a percent sign"))
    };
    if text.len() > FORMAT_BYTES_MAX {
        return bad(format!("a format has at most {FORMAT_BYTES_MAX} bytes"));
    }
    let Ok(items) = StrftimeItems::new(text).parse_to_owned() else {
        return bad(format!("this is no format of a time: {}", quoted(text)));
    };
    if direction == Direction::Write {
        return Ok(items);
    }
    if items.iter().any(|item| matches!(item, Item::Fixed(Fixed::TimezoneName))) {
        return bad("a zone's name cannot be read: `%Z` is only for writing".to_owned());
    }
    // What was written in this format must be read again; else something lacks, such as the month.
    let sample = Local::Utc.time(SAMPLE).expect("chrono's calendar holds the sample");
    let written = sample.format_with_items(items.iter()).to_string();
    if parse(&written, &items, Local::Utc).is_err() {
        return bad(format!("this format does not say a date: {}", quoted(text)));
    }
    Ok(items)
}

/// The instant that a text says, in microseconds.
pub(super) fn parse(text: &str, items: &[Item<'_>], zone: Local) -> Result<i64, FunctionError> {
    let unreadable = || FunctionError::unreadable("a time of this format", text);
    let mut parsed = Parsed::new();
    parse_items(&mut parsed, text, items.iter()).map_err(|_| unreadable())?;
    complete(&mut parsed);
    if let Some(seconds) = parsed.timestamp() {
        let nanos = parsed.nanosecond().unwrap_or(0);
        let instant = DateTime::from_timestamp(seconds, nanos).ok_or_else(unreadable)?;
        return Ok(micros_of(instant.naive_utc()));
    }
    let date = parsed.to_naive_date().map_err(|_| unreadable())?;
    let time = match parsed.to_naive_time() {
        Ok(time) => time,
        Err(_) if has_no_time(&parsed) => NaiveTime::MIN,
        Err(_) => return Err(unreadable()),
    };
    // A leap second is the last of its minute.
    let time = time.with_nanosecond(time.nanosecond().min(999_999_999)).unwrap_or(time);
    let wall = micros_of(date.and_time(time));
    match parsed.offset() {
        Some(offset) => wall.checked_sub(i64::from(offset) * 1_000_000).ok_or(FunctionError::Overflow),
        None => zone.instant(wall),
    }
}

/// What a format leaves out is the first there is.
fn complete(parsed: &mut Parsed) {
    // Each is set only where nothing was: that cannot contradict.
    if parsed.day().is_none() && parsed.month().is_some() {
        let _ = parsed.set_day(1);
    }
    if parsed.minute().is_none() && parsed.hour_mod_12().is_some() {
        let _ = parsed.set_minute(0);
    }
}

fn has_no_time(parsed: &Parsed) -> bool {
    parsed.hour_mod_12().is_none() && parsed.minute().is_none() && parsed.second().is_none()
}
