//! Keys whose bytes have the order of their values, so that a range of keys is a range of bytes.
//!
//! Each part begins with a tag: 1 for null, 2 for a value. Whole numbers are big-endian with the sign bit flipped; floats are made to
//! sort by IEEE 754's total order; in strings and bytes a zero byte becomes `00 FF`, and `00 00` ends them.

use crate::value::CodecError;
use std::borrow::Cow;
use tidegate_model::EventTime;

const NULL: u8 = 1;
const VALUE: u8 = 2;
const SIGN: u64 = 1 << 63;

pub fn push_null(out: &mut Vec<u8>) {
    out.push(NULL);
}

pub fn push_bool(out: &mut Vec<u8>, value: bool) {
    out.extend_from_slice(&[VALUE, u8::from(value)]);
}

pub fn push_int(out: &mut Vec<u8>, value: i64) {
    out.push(VALUE);
    out.extend_from_slice(&(value as u64 ^ SIGN).to_be_bytes());
}

pub fn push_float(out: &mut Vec<u8>, value: f64) {
    let bits = value.to_bits();
    let ordered = if bits & SIGN != 0 { !bits } else { bits | SIGN };
    out.push(VALUE);
    out.extend_from_slice(&ordered.to_be_bytes());
}

pub fn push_decimal(out: &mut Vec<u8>, value: i128) {
    out.push(VALUE);
    out.extend_from_slice(&(value as u128 ^ (1 << 127)).to_be_bytes());
}

#[inline]
pub fn push_string(out: &mut Vec<u8>, value: &str) {
    push_bytes(out, value.as_bytes());
}

#[inline]
pub fn push_bytes(out: &mut Vec<u8>, value: &[u8]) {
    out.push(VALUE);
    if value.contains(&0) {
        for &byte in value {
            out.push(byte);
            if byte == 0 {
                out.push(0xFF);
            }
        }
    } else {
        out.extend_from_slice(value);
    }
    out.extend_from_slice(&[0, 0]);
}

/// The start of a window or slice, in front of a group's key: 8 bytes without a tag.
pub fn push_window_start(out: &mut Vec<u8>, start: EventTime) {
    out.extend_from_slice(&window_prefix(start));
}

/// What all keys of a window or slice begin with.
pub fn window_prefix(start: EventTime) -> [u8; 8] {
    (start.micros() as u64 ^ SIGN).to_be_bytes()
}

/// The start, and the group's key behind it.
pub fn read_window_start(bytes: &[u8]) -> Result<(EventTime, &[u8]), CodecError> {
    let (start, rest) = bytes.split_first_chunk::<8>().ok_or(CodecError::invalid("a window's start"))?;
    Ok((EventTime::from_micros((u64::from_be_bytes(*start) ^ SIGN) as i64), rest))
}

/// Reads a key part by part; None is null.
#[derive(Clone, Debug)]
pub struct KeyReader<'a> {
    rest: &'a [u8],
}

impl<'a> KeyReader<'a> {
    pub fn new(bytes: &'a [u8]) -> KeyReader<'a> {
        KeyReader { rest: bytes }
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    fn tag(&mut self) -> Result<bool, CodecError> {
        let (tag, rest) = self.rest.split_first().ok_or(CodecError::invalid("a key's part"))?;
        self.rest = rest;
        match *tag {
            NULL => Ok(false),
            VALUE => Ok(true),
            _ => Err(CodecError::invalid("a key part's tag")),
        }
    }

    fn fixed<const N: usize>(&mut self) -> Result<Option<[u8; N]>, CodecError> {
        if !self.tag()? {
            return Ok(None);
        }
        let (bytes, rest) = self.rest.split_first_chunk::<N>().ok_or(CodecError::invalid("a key's part"))?;
        self.rest = rest;
        Ok(Some(*bytes))
    }

    pub fn bool(&mut self) -> Result<Option<bool>, CodecError> {
        Ok(self.fixed::<1>()?.map(|bytes| bytes[0] != 0))
    }

    pub fn int(&mut self) -> Result<Option<i64>, CodecError> {
        Ok(self.fixed::<8>()?.map(|bytes| (u64::from_be_bytes(bytes) ^ SIGN) as i64))
    }

    pub fn float(&mut self) -> Result<Option<f64>, CodecError> {
        Ok(self.fixed::<8>()?.map(|bytes| {
            let ordered = u64::from_be_bytes(bytes);
            f64::from_bits(if ordered & SIGN != 0 { ordered ^ SIGN } else { !ordered })
        }))
    }

    pub fn decimal(&mut self) -> Result<Option<i128>, CodecError> {
        Ok(self.fixed::<16>()?.map(|bytes| (u128::from_be_bytes(bytes) ^ (1 << 127)) as i128))
    }

    pub fn string(&mut self) -> Result<Option<Cow<'a, str>>, CodecError> {
        let invalid = || CodecError::invalid("a key's string");
        Ok(match self.bytes()? {
            None => None,
            Some(Cow::Borrowed(bytes)) => {
                Some(Cow::Borrowed(std::str::from_utf8(bytes).map_err(|_| invalid())?))
            }
            Some(Cow::Owned(bytes)) => Some(Cow::Owned(String::from_utf8(bytes).map_err(|_| invalid())?)),
        })
    }

    pub fn bytes(&mut self) -> Result<Option<Cow<'a, [u8]>>, CodecError> {
        if !self.tag()? {
            return Ok(None);
        }
        let bytes = self.rest;
        let mut unescaped: Option<Vec<u8>> = None;
        let mut start = 0;
        loop {
            let end = start
                + bytes[start..]
                    .iter()
                    .position(|byte| *byte == 0)
                    .ok_or(CodecError::invalid("a key's string"))?;
            match bytes.get(end + 1) {
                Some(0) => {
                    self.rest = &bytes[end + 2..];
                    return Ok(Some(match unescaped {
                        None => Cow::Borrowed(&bytes[..end]),
                        Some(mut whole) => {
                            whole.extend_from_slice(&bytes[start..end]);
                            Cow::Owned(whole)
                        }
                    }));
                }
                Some(0xFF) => {
                    unescaped.get_or_insert_with(Vec::new).extend_from_slice(&bytes[start..=end]);
                    start = end + 2;
                }
                _ => return Err(CodecError::invalid("a key's string")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::cmp::Ordering;

    type Parts = (Option<i64>, Option<String>, Option<i128>, Option<f64>, Option<bool>);

    fn push<T>(out: &mut Vec<u8>, value: &Option<T>, with: impl Fn(&mut Vec<u8>, &T)) {
        match value {
            Some(value) => with(out, value),
            None => push_null(out),
        }
    }

    fn encode(parts: &Parts) -> Vec<u8> {
        let mut out = Vec::new();
        push(&mut out, &parts.0, |out, value| push_int(out, *value));
        push(&mut out, &parts.1, |out, value| push_string(out, value));
        push(&mut out, &parts.2, |out, value| push_decimal(out, *value));
        push(&mut out, &parts.3, |out, value| push_float(out, *value));
        push(&mut out, &parts.4, |out, value| push_bool(out, *value));
        out
    }

    fn order(a: &Parts, b: &Parts) -> Ordering {
        let floats = || match (a.3, b.3) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        };
        a.0.cmp(&b.0)
            .then_with(|| a.1.as_deref().map(str::as_bytes).cmp(&b.1.as_deref().map(str::as_bytes)))
            .then_with(|| a.2.cmp(&b.2))
            .then_with(floats)
            .then_with(|| a.4.cmp(&b.4))
    }

    fn parts() -> impl Strategy<Value = Parts> {
        (
            proptest::option::of(-3i64..3),
            proptest::option::of("[\\x00\\x01a\u{ff}]{0,3}"),
            any::<Option<i128>>(),
            any::<Option<f64>>(),
            any::<Option<bool>>(),
        )
    }

    proptest! {
        #[test]
        fn bytes_have_the_order_of_the_values(a in parts(), b in parts()) {
            prop_assert_eq!(encode(&a).cmp(&encode(&b)), order(&a, &b));
        }

        #[test]
        fn keys_round_trip(parts in parts()) {
            let bytes = encode(&parts);
            let mut reader = KeyReader::new(&bytes);
            prop_assert_eq!(reader.int(), Ok(parts.0));
            prop_assert_eq!(reader.string().map(|text| text.map(Cow::into_owned)), Ok(parts.1));
            prop_assert_eq!(reader.decimal(), Ok(parts.2));
            prop_assert_eq!(reader.float().map(|value| value.map(f64::to_bits)), Ok(parts.3.map(f64::to_bits)));
            prop_assert_eq!(reader.bool(), Ok(parts.4));
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn bytes_sort_and_round_trip(a in proptest::collection::vec(prop_oneof![Just(0u8), any::<u8>()], 0..6),
            b in proptest::collection::vec(prop_oneof![Just(0u8), any::<u8>()], 0..6)) {
            let encode = |bytes: &[u8]| { let mut out = Vec::new(); push_bytes(&mut out, bytes); out };
            prop_assert_eq!(encode(&a).cmp(&encode(&b)), a.cmp(&b));
            let encoded = encode(&a);
            prop_assert_eq!(KeyReader::new(&encoded).bytes().map(|bytes| bytes.map(Cow::into_owned)), Ok(Some(a)));
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            let mut reader = KeyReader::new(&bytes);
            let before = bytes.len();
            let _ = (reader.string(), reader.int(), reader.string(), reader.decimal());
            prop_assert!(reader.rest.len() <= before);
        }

        #[test]
        fn window_starts_sort_as_times(a: i64, b: i64) {
            let encode = |micros| { let mut out = Vec::new(); push_window_start(&mut out, EventTime::from_micros(micros)); out };
            prop_assert_eq!(encode(a).cmp(&encode(b)), a.cmp(&b));
            prop_assert_eq!(read_window_start(&encode(a)).map(|(start, _)| start.micros()), Ok(a));
        }
    }
}
