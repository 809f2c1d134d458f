//! Bytes, dates and uuids as text.

use crate::time::{civil_from_days, days_from_civil};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

pub const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Appends base64 with padding (RFC 4648, section 4).
pub fn write_base64(bytes: &[u8], out: &mut String) {
    STANDARD.encode_string(bytes, out);
}

/// Padding is needed; anything that is not exactly what [`write_base64`] writes is None.
pub fn parse_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Days since 1970-01-01 as `2026-01-31`. Years beyond 9999 have more digits.
pub fn date_text(days: i64) -> String {
    let (year, month, day) = civil_from_days(days);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Reads `2026-01-31`, a day that exists, from the years 0 to 9999.
pub fn parse_date(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let number = |range: std::ops::Range<usize>| -> Option<i64> {
        let digits = bytes.get(range)?;
        digits.iter().all(u8::is_ascii_digit).then_some(())?;
        Some(digits.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0')))
    };
    let (year, month, day) = (number(0..4)?, number(5..7)? as u32, number(8..10)? as u32);
    let days = days_from_civil(year, month, day);
    (civil_from_days(days) == (year, month, day)).then_some(days)
}

/// `67e55044-10b1-426f-9247-bb680e5fe0c8`
pub fn uuid_text(uuid: u128) -> String {
    Uuid::from_u128(uuid).hyphenated().to_string()
}

/// Reads the form with hyphens, in small or capital letters.
pub fn parse_uuid(text: &str) -> Option<u128> {
    const LENGTH: usize = 36;
    (text.len() == LENGTH).then(|| Uuid::try_parse(text).ok()).flatten().map(|uuid| uuid.as_u128())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_date_no_uuid_and_no_base64_is_refused() {
        for wrong in ["", "2023-02-29", "2023-1-1", "20230101", "2023-01-01T", "2023-13-01", "2023-00-10"] {
            assert_eq!(parse_date(wrong), None, "{wrong}");
        }
        assert_eq!(parse_date("1970-01-02"), Some(1));
        for wrong in ["", "67e5504410b1426f9247bb680e5fe0c8", "67e55044-10b1-426f-9247-bb680e5fe0cg"] {
            assert_eq!(parse_uuid(wrong), None, "{wrong}");
        }
        for wrong in ["a", "aGk", "aGk=\n", "!!!!"] {
            assert_eq!(parse_base64(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn texts_come_back(bytes: Vec<u8>, days in -719_528i64..2_932_896, uuid: u128) {
            let mut text = String::new();
            write_base64(&bytes, &mut text);
            prop_assert_eq!(parse_base64(&text), Some(bytes));
            prop_assert_eq!(parse_date(&date_text(days)), Some(days));
            prop_assert_eq!(parse_uuid(&uuid_text(uuid)), Some(uuid));
            prop_assert_eq!(parse_uuid(&uuid_text(uuid).to_uppercase()), Some(uuid));
        }
    }
}
