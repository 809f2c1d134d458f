//! One value, for constants, keys, results and what is in lists. Events in flight are columns (`engine::batch`), not values.

use crate::plan::JsonFormat;
use crate::schema::ScalarType;
use crate::text::{date_text, uuid_text, write_base64};
use crate::time::{EventTime, Span};
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// A value of a [`ScalarType`]; which type it has is known from where it stands.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// Unscaled digits; the scale is in the type: `12.50` of `decimal(18,2)` is 1250.
    Decimal(i128),
    /// A string, or the name of an enum's value.
    String(Box<str>),
    /// Microseconds since the Unix epoch.
    Timestamp(i64),
    /// Microseconds.
    Duration(i64),
    Bytes(Arc<[u8]>),
    /// Days since 1970-01-01.
    Date(i64),
    Uuid(u128),
    List(Arc<[Value]>),
    /// In the order of the keys, each of them once. See [`Value::map`].
    Map(Arc<[(Value, Value)]>),
    /// The fields' values, in the order of the type.
    Record(Arc<[Value]>),
}

impl Value {
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// A map of these entries; of equal keys the last one stays.
    pub fn map(mut entries: Vec<(Value, Value)>) -> Value {
        entries.sort_by(|(a, _), (b, _)| a.compare(b));
        entries.dedup_by(|next, kept| {
            let same = next.0.compare(&kept.0).is_eq();
            if same {
                std::mem::swap(&mut next.1, &mut kept.1);
            }
            same
        });
        Value::Map(entries.into())
    }

    /// The value at a key of a map's entries.
    pub fn get<'a>(entries: &'a [(Value, Value)], key: &Value) -> Option<&'a Value> {
        let at = entries.binary_search_by(|(known, _)| known.compare(key)).ok()?;
        Some(&entries[at].1)
    }

    /// Orders values of one type: null first, floats by IEEE 754's total order, lists and records by their first difference.
    pub fn compare(&self, other: &Value) -> Ordering {
        match (self, other) {
            (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
            (Value::Int(a), Value::Int(b))
            | (Value::Timestamp(a), Value::Timestamp(b))
            | (Value::Duration(a), Value::Duration(b))
            | (Value::Date(a), Value::Date(b)) => a.cmp(b),
            (Value::Float(a), Value::Float(b)) => a.total_cmp(b),
            (Value::Decimal(a), Value::Decimal(b)) => a.cmp(b),
            (Value::String(a), Value::String(b)) => a.cmp(b),
            (Value::Bytes(a), Value::Bytes(b)) => a.cmp(b),
            (Value::Uuid(a), Value::Uuid(b)) => a.cmp(b),
            (Value::List(a), Value::List(b)) | (Value::Record(a), Value::Record(b)) => compare_all(a, b),
            (Value::Map(a), Value::Map(b)) => {
                let pairs = a.iter().zip(b.iter());
                let differs = pairs.map(|(a, b)| a.0.compare(&b.0).then_with(|| a.1.compare(&b.1)));
                differs.fold(Ordering::Equal, Ordering::then).then(a.len().cmp(&b.len()))
            }
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }

    /// Kinds in an order of their own: null before all others.
    fn rank(&self) -> u8 {
        match self {
            Value::Null => 0,
            Value::Bool(_) => 1,
            Value::Int(_) => 2,
            Value::Float(_) => 3,
            Value::Decimal(_) => 4,
            Value::String(_) => 5,
            Value::Timestamp(_) => 6,
            Value::Duration(_) => 7,
            Value::Bytes(_) => 8,
            Value::Date(_) => 9,
            Value::Uuid(_) => 10,
            Value::List(_) => 11,
            Value::Map(_) => 12,
            Value::Record(_) => 13,
        }
    }

    /// Is it a value that the type can have, down to the last element? Null is none: whether it may stand is said elsewhere.
    pub fn is_of(&self, ty: ScalarType) -> bool {
        let fits = |value: &Value, element: &crate::Element| match value {
            Value::Null => element.nullable,
            value => value.is_of(element.ty),
        };
        match (self, ty) {
            (Value::Bool(_), ScalarType::Bool)
            | (Value::Int(_), ScalarType::Int)
            | (Value::Float(_), ScalarType::Float)
            | (Value::Decimal(_), ScalarType::Decimal { .. })
            | (Value::String(_), ScalarType::String)
            | (Value::Timestamp(_), ScalarType::Timestamp)
            | (Value::Duration(_), ScalarType::Duration)
            | (Value::Bytes(_), ScalarType::Bytes)
            | (Value::Date(_), ScalarType::Date)
            | (Value::Uuid(_), ScalarType::Uuid) => true,
            (Value::String(text), ScalarType::Enum(names)) => names.has(text),
            (Value::List(values), ScalarType::List(element)) => {
                values.iter().all(|value| fits(value, element))
            }
            (Value::Map(entries), ScalarType::Map(map)) => {
                entries.iter().all(|(key, value)| key.is_of(map.key) && fits(value, &map.value))
            }
            (Value::Record(values), ScalarType::Record(record)) => {
                values.len() == record.fields.len()
                    && values.iter().zip(&record.fields).all(|(value, field)| fits(value, &field.element))
            }
            _ => false,
        }
    }

    /// About how many bytes it takes in memory beyond itself.
    pub fn heap_bytes(&self) -> usize {
        match self {
            Value::String(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            Value::List(values) | Value::Record(values) => {
                values.iter().map(|value| size_of::<Value>() + value.heap_bytes()).sum()
            }
            Value::Map(entries) => entries
                .iter()
                .map(|(key, value)| 2 * size_of::<Value>() + key.heap_bytes() + value.heap_bytes())
                .sum(),
            _ => 0,
        }
    }

    /// As JSON: decimals as strings, timestamps in RFC 3339. `ty` is the value's type.
    pub fn write_json(&self, ty: ScalarType, out: &mut Vec<u8>) {
        crate::json::write_value(self, ty, JsonFormat::default(), out);
    }
}

fn compare_all(a: &[Value], b: &[Value]) -> Ordering {
    let differs = a.iter().zip(b).map(|(a, b)| a.compare(b)).find(|order| order.is_ne());
    differs.unwrap_or_else(|| a.len().cmp(&b.len()))
}

/// A value as people write it; lists, maps and records as JSON. The decimal's scale is in its type.
pub fn text(value: &Value, ty: ScalarType) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => format!("{value:?}"),
        Value::Decimal(value) => {
            let mut out = Vec::new();
            write_decimal(*value, ty.scale(), &mut out);
            String::from_utf8(out).expect("digits are ASCII")
        }
        Value::String(value) => value.to_string(),
        Value::Timestamp(value) => EventTime::from_micros(*value).to_string(),
        Value::Duration(value) => Span::from_micros(*value).to_string(),
        Value::Bytes(bytes) => {
            let mut text = String::new();
            write_base64(bytes, &mut text);
            text
        }
        Value::Date(days) => date_text(*days),
        Value::Uuid(uuid) => uuid_text(*uuid),
        Value::List(_) | Value::Map(_) | Value::Record(_) => {
            let mut out = Vec::new();
            value.write_json(ty, &mut out);
            String::from_utf8(out).expect("JSON is UTF-8")
        }
    }
}

/// Appends `digits` with the point before the last `scale` of them: (1250, 2) is `12.50`.
pub fn write_decimal(digits: i128, scale: u8, out: &mut Vec<u8>) {
    if digits < 0 {
        out.push(b'-');
    }
    let text = DigitBuffer::new(digits.unsigned_abs());
    let text = text.as_bytes();
    let scale = scale as usize;
    if scale == 0 {
        out.extend_from_slice(text);
        return;
    }
    if text.len() > scale {
        let (whole, fraction) = text.split_at(text.len() - scale);
        out.extend_from_slice(whole);
        out.push(b'.');
        out.extend_from_slice(fraction);
        return;
    }
    out.extend_from_slice(b"0.");
    out.resize(out.len() + scale - text.len(), b'0');
    out.extend_from_slice(text);
}

/// Decimal digits of an unsigned number, without allocation.
struct DigitBuffer {
    bytes: [u8; 40],
    start: usize,
}

impl DigitBuffer {
    fn new(number: u128) -> DigitBuffer {
        let mut buffer = DigitBuffer { bytes: [0; 40], start: 40 };
        let mut push = |digit: u8| {
            buffer.start -= 1;
            buffer.bytes[buffer.start] = b'0' + digit;
        };
        let mut high = number;
        // 64-bit division is several times faster than 128-bit, and nearly every amount fits.
        while high > u128::from(u64::MAX) {
            push((high % 10) as u8);
            high /= 10;
        }
        let mut low = high as u64;
        loop {
            push((low % 10) as u8);
            low /= 10;
            if low == 0 {
                break;
            }
        }
        buffer
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

/// Reads `-12.5` as unscaled digits of `scale`. None if it is no plain decimal number, or not exact at that scale.
/// An exponent is read too (`1.25e2`), since JSON numbers may have one.
pub fn parse_decimal(text: &[u8], scale: u8) -> Option<i128> {
    short_decimal(text, scale).or_else(|| long_decimal(text, scale))
}

/// Digits and at most one dot, few enough for a machine word: nearly every amount there is. None: not so, or not exact.
#[inline]
fn short_decimal(text: &[u8], scale: u8) -> Option<i128> {
    const DIGITS_MAX: usize = 18;
    if text.len() > DIGITS_MAX {
        return None;
    }
    let mut digits = 0u64;
    let mut dot = None;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => digits = digits * 10 + u64::from(byte - b'0'),
            b'.' if dot.is_none() => dot = Some(at),
            _ => return None,
        }
    }
    let (seen, fraction) = match dot {
        Some(at) => (text.len() - 1, text.len() - 1 - at),
        None => (text.len(), 0),
    };
    let shift = usize::from(scale).checked_sub(fraction)?;
    if seen == 0 || seen + shift > DIGITS_MAX {
        return None;
    }
    Some(i128::from(digits * 10u64.pow(shift as u32)))
}

fn long_decimal(text: &[u8], scale: u8) -> Option<i128> {
    let (negative, mut at) = match text.first()? {
        b'-' => (true, 1),
        b'+' => (false, 1),
        _ => (false, 0),
    };
    let mut digits: i128 = 0;
    let mut seen = 0;
    let mut fraction: i32 = 0;
    let mut in_fraction = false;
    let mut exponent: i32 = 0;
    while at < text.len() {
        match text[at] {
            byte @ b'0'..=b'9' => {
                digits = digits.checked_mul(10)?.checked_add(i128::from(byte - b'0'))?;
                seen += 1;
                fraction += i32::from(in_fraction);
            }
            b'.' if !in_fraction => in_fraction = true,
            b'e' | b'E' if seen > 0 => {
                exponent = std::str::from_utf8(&text[at + 1..]).ok()?.parse::<i32>().ok()?;
                if !(-80..=80).contains(&exponent) {
                    return None;
                }
                break;
            }
            _ => return None,
        }
        at += 1;
    }
    if seen == 0 {
        return None;
    }
    let mut shift = i32::from(scale) - fraction + exponent;
    while shift > 0 {
        digits = digits.checked_mul(10)?;
        shift -= 1;
    }
    while shift < 0 {
        if digits % 10 != 0 {
            return None;
        }
        digits /= 10;
        shift += 1;
    }
    Some(if negative { -digits } else { digits })
}

/// Appends a JSON string, escaping what RFC 8259 requires.
pub fn write_json_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut copied = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[copied..at]);
        copied = at + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
        }
    }
    out.extend_from_slice(&bytes[copied..]);
    out.push(b'"');
}

impl fmt::Display for Value {
    /// For explanations and messages. A decimal shows its unscaled digits: use [`write_decimal`] where the scale is known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Int(value) => write!(f, "{value}"),
            Value::Float(value) => write!(f, "{value:?}"),
            Value::Decimal(value) => write!(f, "{value}"),
            Value::String(value) => write!(f, "{value:?}"),
            Value::Timestamp(value) => write!(f, "@{}", crate::EventTime::from_micros(*value)),
            Value::Duration(value) => write!(f, "{}", crate::Span::from_micros(*value)),
            Value::Bytes(_) | Value::Date(_) | Value::Uuid(_) => {
                write!(f, "{:?}", text(self, ScalarType::String))
            }
            Value::List(values) => write_all(f, "[", "]", values.iter()),
            Value::Record(values) => write_all(f, "{ ", " }", values.iter()),
            Value::Map(entries) => {
                f.write_str("{")?;
                for (index, (key, value)) in entries.iter().enumerate() {
                    write!(f, "{}{key}: {value}", if index > 0 { ", " } else { "" })?;
                }
                f.write_str("}")
            }
        }
    }
}

fn write_all<'a>(
    f: &mut fmt::Formatter<'_>,
    open: &str,
    close: &str,
    values: impl Iterator<Item = &'a Value>,
) -> fmt::Result {
    f.write_str(open)?;
    for (index, value) in values.enumerate() {
        write!(f, "{}{value}", if index > 0 { ", " } else { "" })?;
    }
    f.write_str(close)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decimal(digits: i128, scale: u8) -> String {
        let mut out = Vec::new();
        write_decimal(digits, scale, &mut out);
        String::from_utf8(out).expect("digits are ASCII")
    }

    #[test]
    fn decimals_keep_their_scale() {
        assert_eq!(decimal(1250, 2), "12.50");
        assert_eq!(decimal(-5, 2), "-0.05");
        assert_eq!(decimal(0, 2), "0.00");
        assert_eq!(decimal(7, 0), "7");
        assert_eq!(parse_decimal(b"12.5", 2), Some(1250));
        assert_eq!(parse_decimal(b"1.25e2", 2), Some(12500));
        assert_eq!(parse_decimal(b"12.505", 2), None, "not exact at this scale");
        assert_eq!(parse_decimal(b"12.500", 2), Some(1250));
        for wrong in [&b""[..], b"-", b".", b"1.2.3", b"1e", b"abc"] {
            assert_eq!(parse_decimal(wrong, 2), None);
        }
    }

    proptest! {
        #[test]
        fn the_short_way_gives_what_the_long_way_does(text in "[0-9]{0,12}[.]?[0-9]{0,8}", scale in 0u8..19) {
            if let Some(digits) = short_decimal(text.as_bytes(), scale) {
                prop_assert_eq!(long_decimal(text.as_bytes(), scale), Some(digits));
            }
        }

        #[test]
        fn decimals_round_trip(digits: i128, scale in 0u8..19) {
            prop_assume!(digits != i128::MIN);
            prop_assert_eq!(parse_decimal(decimal(digits, scale).as_bytes(), scale), Some(digits));
        }
    }
}
