use crate::define::*;
use crate::calendar::{DAY, HOUR, MINUTE, SECOND};

pub(crate) static FUNCTION: Function = Function {
    name: "parse_duration",
    meaning: "A length of time from a text as the language writes it (`1h30m`), or as ISO 8601 does (`PT1H30M`).",
    parameters: &[string("text")],
    gives: Gives::Duration,
    errors: &[Unreadable, Overflow],
    examples: &[
        gives(r#"parse_duration("1h30m")"#, "1h30m"),
        gives(r#"parse_duration("P1DT12H")"#, "1d12h"),
        gives(r#"parse_duration("PT0.25S")"#, "250ms"),
        fails(r#"parse_duration("P1M")"#, Unreadable).note("a month has no fixed length"),
        fails(r#"parse_duration("90")"#, Unreadable).note("without a unit"),
    ],
    body: Body::Direct(|arguments| {
        let whole = arguments.string(0);
        let (negative, unsigned) = whole.strip_prefix('-').map_or((false, whole), |rest| (true, rest));
        let parts = match unsigned.strip_prefix('P') {
            Some(iso) => iso_parts(iso),
            None => own_parts(unsigned),
        };
        let parts = parts.ok_or_else(|| FunctionError::unreadable("a length of time", whole))?;
        let mut micros = 0i64;
        for (count, unit) in parts {
            let part = count.checked_mul(unit).ok_or(FunctionError::Overflow)?;
            micros = micros.checked_add(part).ok_or(FunctionError::Overflow)?;
        }
        Ok(Value::Duration(if negative { -micros } else { micros }))
    }),
    ..DEFAULTS
};

/// Counts, and the microseconds that each unit has.
type Parts = Vec<(i64, i64)>;

const OWN_UNITS: [(&str, i64); 6] =
    [("ms", 1000), ("us", 1), ("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND)];
const ISO_UNITS: [(&str, bool, i64); 5] =
    [("W", false, 7 * DAY), ("D", false, DAY), ("H", true, HOUR), ("M", true, MINUTE), ("S", true, SECOND)];

/// `1h30m`
fn own_parts(mut text: &str) -> Option<Parts> {
    let mut parts = Vec::new();
    while !text.is_empty() {
        let (count, rest) = leading_number(text)?;
        let (unit, micros) = OWN_UNITS.iter().find(|(unit, _)| rest.starts_with(unit))?;
        parts.push((count, *micros));
        text = &rest[unit.len()..];
    }
    (!parts.is_empty()).then_some(parts)
}

/// What stands behind the `P` of `P1DT12H`; seconds may have a fraction.
fn iso_parts(mut text: &str) -> Option<Parts> {
    let mut parts = Vec::new();
    let mut in_time = false;
    while !text.is_empty() {
        if let Some(rest) = text.strip_prefix('T') {
            if in_time || rest.is_empty() {
                return None;
            }
            (in_time, text) = (true, rest);
        }
        let (count, mut rest) = leading_number(text)?;
        let fraction = rest.strip_prefix('.').map(leading_fraction);
        if let Some(fraction) = fraction {
            let (micros, after) = fraction?;
            parts.push((micros, 1));
            rest = after;
        }
        let (unit, _, micros) =
            ISO_UNITS.iter().find(|(unit, time, _)| *time == in_time && rest.starts_with(unit))?;
        if fraction.is_some() && *unit != "S" {
            return None;
        }
        parts.push((count, *micros));
        text = &rest[unit.len()..];
    }
    (!parts.is_empty()).then_some(parts)
}

fn leading_number(text: &str) -> Option<(i64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

/// At most six digits, as microseconds.
fn leading_fraction(text: &str) -> Option<(i64, &str)> {
    let (number, rest) = leading_number(text)?;
    let digits = text.len() - rest.len();
    (digits <= 6).then(|| (number * 10i64.pow(6 - digits as u32), rest))
}
