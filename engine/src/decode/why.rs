//! Why a value that looks right is not taken: said behind the type that it must have.

use tidegate_model::ScalarType;
use tidegate_model::time::parse_rfc3339;

/// `found`: the value as it stands in the record, shortened perhaps. Empty where the type says enough.
pub(super) fn why(found: &str, ty: ScalarType) -> String {
    let text = found.trim_matches('"');
    match ty {
        ScalarType::Decimal { scale, .. } => match digits_behind_the_point(text) {
            Some(digits) if digits > usize::from(scale) => {
                format!(": it has {digits} digits behind the point, and none are dropped")
            }
            _ => String::new(),
        },
        ScalarType::Timestamp if parse_rfc3339(format!("{text}Z").as_bytes()).is_some() => {
            format!(": it says no zone, as in `{text}Z` or `{text}+01:00`")
        }
        _ => String::new(),
    }
}

/// Of a plain number.
fn digits_behind_the_point(text: &str) -> Option<usize> {
    let (whole, fraction) = text.strip_prefix('-').unwrap_or(text).split_once('.')?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    (digits(whole) && digits(fraction)).then_some(fraction.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nearly_right_is_told() {
        let money = ScalarType::Decimal { precision: 18, scale: 2 };
        assert_eq!(why("\"1.005\"", money), ": it has 3 digits behind the point, and none are dropped");
        assert_eq!(why("-1.005", money), ": it has 3 digits behind the point, and none are dropped");
        assert_eq!(why("\"1.00\"", money), "");
        assert_eq!(why("\"ten\"", money), "");
        let told = why("\"2026-03-05T10:00:00\"", ScalarType::Timestamp);
        assert_eq!(told, ": it says no zone, as in `2026-03-05T10:00:00Z` or `2026-03-05T10:00:00+01:00`");
        assert_eq!(why("\"10:00\"", ScalarType::Timestamp), "");
    }
}
