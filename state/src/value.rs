//! The byte form of small values: varints (LEB128, zigzag for what has a sign), floats, and strings behind their length.

use thiserror::Error;

/// Bytes that this version did not write.
#[derive(Clone, PartialEq, Eq, Error, Debug)]
#[error("{what} cannot be read")]
pub struct CodecError {
    what: &'static str,
}

impl CodecError {
    pub const fn invalid(what: &'static str) -> CodecError {
        CodecError { what }
    }
}

#[inline]
pub fn put_u64(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[inline]
pub fn put_i64(out: &mut Vec<u8>, value: i64) {
    put_u64(out, ((value << 1) ^ (value >> 63)) as u64);
}

#[inline]
pub fn put_i128(out: &mut Vec<u8>, value: i128) {
    let mut zigzag = ((value << 1) ^ (value >> 127)) as u128;
    while zigzag >= 0x80 {
        out.push(zigzag as u8 | 0x80);
        zigzag >>= 7;
    }
    out.push(zigzag as u8);
}

pub fn put_f64(out: &mut Vec<u8>, value: f64) {
    out.extend_from_slice(&value.to_bits().to_le_bytes());
}

pub fn put_bytes(out: &mut Vec<u8>, value: &[u8]) {
    put_u64(out, value.len() as u64);
    out.extend_from_slice(value);
}

pub fn put_str(out: &mut Vec<u8>, value: &str) {
    put_bytes(out, value.as_bytes());
}

/// Reads what the functions above wrote; never panics, whatever the bytes are.
#[derive(Clone, Debug)]
pub struct Decoder<'a> {
    rest: &'a [u8],
}

impl<'a> Decoder<'a> {
    pub fn new(bytes: &'a [u8]) -> Decoder<'a> {
        Decoder { rest: bytes }
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What has not been read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[inline]
    pub fn u8(&mut self) -> Result<u8, CodecError> {
        let (first, rest) = self.rest.split_first().ok_or(CodecError::invalid("a byte behind the end"))?;
        self.rest = rest;
        Ok(*first)
    }

    #[inline]
    pub fn u64(&mut self) -> Result<u64, CodecError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            if shift == 63 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(CodecError::invalid("a number of more than 64 bits"))
    }

    #[inline]
    pub fn i64(&mut self) -> Result<i64, CodecError> {
        let zigzag = self.u64()?;
        Ok((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
    }

    pub fn i128(&mut self) -> Result<i128, CodecError> {
        let mut value = 0u128;
        for shift in (0..128).step_by(7) {
            let byte = self.u8()?;
            if shift == 126 && byte > 3 {
                break;
            }
            value |= u128::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok((value >> 1) as i128 ^ -((value & 1) as i128));
            }
        }
        Err(CodecError::invalid("a number of more than 128 bits"))
    }

    pub fn f64(&mut self) -> Result<f64, CodecError> {
        let (bytes, rest) = self.rest.split_first_chunk::<8>().ok_or(CodecError::invalid("a float"))?;
        self.rest = rest;
        Ok(f64::from_bits(u64::from_le_bytes(*bytes)))
    }

    pub fn bytes(&mut self) -> Result<&'a [u8], CodecError> {
        let length = usize::try_from(self.u64()?).map_err(|_| CodecError::invalid("a length"))?;
        if length > self.rest.len() {
            return Err(CodecError::invalid("bytes behind the end"));
        }
        let (bytes, rest) = self.rest.split_at(length);
        self.rest = rest;
        Ok(bytes)
    }

    pub fn str(&mut self) -> Result<&'a str, CodecError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| CodecError::invalid("a string that is not UTF-8"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn values_round_trip(a: u64, b: i64, c: i128, d: f64, e: String) {
            let mut out = Vec::new();
            put_u64(&mut out, a);
            put_i64(&mut out, b);
            put_i128(&mut out, c);
            put_f64(&mut out, d);
            put_str(&mut out, &e);
            let mut from = Decoder::new(&out);
            prop_assert_eq!(from.u64(), Ok(a));
            prop_assert_eq!(from.i64(), Ok(b));
            prop_assert_eq!(from.i128(), Ok(c));
            prop_assert_eq!(from.f64().map(f64::to_bits), Ok(d.to_bits()));
            prop_assert_eq!(from.str(), Ok(e.as_str()));
            prop_assert!(from.is_empty());
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            let mut from = Decoder::new(&bytes);
            let _ = (from.i128(), from.u64(), from.str(), from.f64());
            prop_assert!(from.rest().len() <= bytes.len());
        }
    }
}
