//! What to write where a value of one type stands for another.

use crate::diagnostic::Diagnostic;
use crate::source::Span;
use tidegate_model::expr::{Expr, ExprKind};
use tidegate_model::{ScalarType, Value};

/// In words, and (where it is sure) the text that replaces the value.
pub(super) struct Instead {
    note: String,
    text: Option<String>,
}

impl Diagnostic {
    pub(super) fn instead(self, span: Span, instead: Option<Instead>) -> Diagnostic {
        let Some(Instead { note, text }) = instead else { return self };
        let diagnostic = self.note(note);
        match text {
            Some(text) => diagnostic.mended_by(span, text),
            None => diagnostic,
        }
    }
}

pub(super) fn instead(needed: ScalarType, given: &Expr) -> Option<Instead> {
    if let Some(text) = without_quotes(needed, given) {
        let note = match needed {
            ScalarType::Bool => format!("`{text}` stands without quotes"),
            ScalarType::Duration => format!("a length of time stands without quotes: `{text}`"),
            _ => format!("a number stands without quotes: `{text}`"),
        };
        return Some(Instead { note, text: Some(text) });
    }
    let note = match (needed, given.ty, &given.kind) {
        (ScalarType::Timestamp, ScalarType::String, ExprKind::Const(Value::String(text))) => {
            let time = text.replacen(' ', "T", 1);
            return Some(Instead { note: format!("a time is written `@{time}`"), text: None });
        }
        (ScalarType::Decimal { scale, .. }, ScalarType::String, _) => {
            format!("to read it from text: `decimal(…, {scale})`")
        }
        (
            ScalarType::Bool | ScalarType::Int | ScalarType::Float | ScalarType::Timestamp,
            ScalarType::String,
            _,
        ) => format!("to read it from text: `{needed}(…)`"),
        (ScalarType::Date, ScalarType::Timestamp, _) => "the day of a time, in UTC: `date(…)`".to_owned(),
        (ScalarType::Timestamp, ScalarType::Date, _) => {
            "the midnight in UTC that a day begins with: `timestamp(…)`".to_owned()
        }
        (ScalarType::Date, ScalarType::String, ExprKind::Const(_)) => {
            "a day is written `@2026-01-31` or `\"2026-01-31\"`".to_owned()
        }
        (ScalarType::Uuid, ScalarType::String, ExprKind::Const(_)) => {
            "a uuid is written `\"67e55044-10b1-426f-9247-bb680e5fe0c8\"`".to_owned()
        }
        (ScalarType::Bytes, ScalarType::String, ExprKind::Const(_)) => {
            "bytes are written in base64: `\"aGVsbG8=\"`".to_owned()
        }
        (
            ScalarType::Date | ScalarType::Uuid | ScalarType::Bytes | ScalarType::Enum(_),
            ScalarType::String,
            _,
        ) => format!("to read it from text: `{needed}(…)`"),
        (ScalarType::List(_), ScalarType::List(_), _) => {
            "each element is changed by `map(…, x => …)`".to_owned()
        }
        (ScalarType::String, ..) => "as text: `string(…)` or `f\"{…}\"`".to_owned(),
        (ScalarType::Decimal { scale, .. }, ScalarType::Decimal { .. }, _) => format!(
            "no digits are dropped by themselves: `round(…, {scale})` leaves {scale} behind the point"
        ),
        (ScalarType::Decimal { scale, .. }, ScalarType::Float, _) => format!(
            "a float is not exact: `decimal(round(…, {scale}), {scale})` makes a decimal of it; money is best a decimal from the source on"
        ),
        (ScalarType::Float, ScalarType::Decimal { .. }, _) => {
            "decimals never become floats by themselves: `float(…)`".to_owned()
        }
        (ScalarType::Int, ScalarType::Float | ScalarType::Decimal { .. }, _) => {
            "say how it is rounded: `floor(…)`, `ceil(…)` or `round(…)`".to_owned()
        }
        (ScalarType::Duration, ScalarType::Int, _) => {
            "a length of time has a unit: `5m`; of a number: `duration_of(…, \"minutes\")`".to_owned()
        }
        _ => return None,
    };
    Some(Instead { note, text: None })
}

/// Two values that do not go together: the first advice that makes no text of a number.
pub(super) fn together(left: &Expr, right: &Expr) -> Option<(Instead, bool)> {
    if let (ScalarType::Decimal { scale, .. }, ScalarType::Float)
    | (ScalarType::Float, ScalarType::Decimal { scale, .. }) = (left.ty, right.ty)
    {
        let note = format!(
            "say which of both is meant: `float(…)` of the decimal, which is not exact, or `decimal(round(…, {scale}), {scale})` of the float"
        );
        return Some((Instead { note, text: None }, false));
    }
    let is_text = |ty: ScalarType| ty == ScalarType::String;
    let first = (!is_text(left.ty)).then(|| instead(left.ty, right)).flatten().map(|found| (found, false));
    let second =
        || (!is_text(right.ty)).then(|| instead(right.ty, left)).flatten().map(|found| (found, true));
    let as_text = || {
        let found = if is_text(left.ty) { instead(left.ty, right) } else { instead(right.ty, left) };
        found.map(|found| (found, is_text(right.ty)))
    };
    first.or_else(second).or_else(as_text)
}

/// `"10"`, where a number is needed.
fn without_quotes(needed: ScalarType, given: &Expr) -> Option<String> {
    let ExprKind::Const(Value::String(text)) = &given.kind else { return None };
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number = |digits: &str| {
        let all = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        match digits.split_once('.') {
            None => all(digits),
            Some((whole, part)) => all(whole) && all(part),
        }
    };
    let fits = match needed {
        ScalarType::Int => is_number(digits) && !digits.contains('.'),
        ScalarType::Float | ScalarType::Decimal { .. } => is_number(digits),
        ScalarType::Bool => matches!(text, "true" | "false"),
        ScalarType::Duration => is_duration(digits),
        _ => false,
    };
    fits.then(|| text.to_owned())
}

/// `5m`, `1h30m`
fn is_duration(text: &str) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let Some(unit) =
            ["us", "ms", "s", "m", "h", "d"].iter().find(|unit| rest[digits..].starts_with(**unit))
        else {
            return false;
        };
        if digits == 0 {
            return false;
        }
        rest = &rest[digits + unit.len()..];
    }
    !text.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &str, needed: ScalarType) -> Option<String> {
        without_quotes(needed, &Expr::constant(Value::String(text.into()), ScalarType::String))
    }

    #[test]
    fn what_stands_in_quotes_by_mistake_is_known() {
        let decimal = ScalarType::Decimal { precision: 18, scale: 2 };
        assert_eq!(quoted("-10.5", decimal).as_deref(), Some("-10.5"));
        assert_eq!(quoted("10.5", ScalarType::Int), None);
        assert_eq!(quoted("ten", ScalarType::Float), None);
        assert_eq!(quoted("1h30m", ScalarType::Duration).as_deref(), Some("1h30m"));
        assert_eq!((quoted("5x", ScalarType::Duration), quoted("", ScalarType::Duration)), (None, None));
        assert_eq!(quoted("true", ScalarType::Bool).as_deref(), Some("true"));
    }
}
