//! Values that come from outside of the file, as text: of the environment, and of `--param`.

use crate::parse::Scalar;
use crate::source::Span;
use tidegate_model::text::{parse_base64, parse_date, parse_uuid};
use tidegate_model::time::parse_rfc3339;
use tidegate_model::value::parse_decimal;
use tidegate_model::{Element, ScalarType, Value};

/// A value as the language would write it, strings and times without their marks; a list as `a, b` or as JSON.
pub(super) fn parse(text: &str, ty: ScalarType) -> Option<Value> {
    Some(match ty {
        ScalarType::Bool => Value::Bool(text.parse().ok()?),
        ScalarType::Int => Value::Int(text.parse().ok()?),
        ScalarType::Float => Value::Float(text.parse().ok()?),
        ScalarType::Decimal { scale, .. } => Value::Decimal(parse_decimal(text.as_bytes(), scale)?),
        ScalarType::String => Value::String(text.into()),
        ScalarType::Timestamp => Value::Timestamp(parse_rfc3339(text.as_bytes())?.micros()),
        ScalarType::Duration => {
            let scalar = Scalar { text, span: Span::default(), exact: false };
            let mut wrong = Vec::new();
            let micros = scalar.duration(&mut wrong)?.node;
            Value::Duration(wrong.is_empty().then_some(micros)?)
        }
        ScalarType::Date => Value::Date(parse_date(text)?),
        ScalarType::Uuid => Value::Uuid(parse_uuid(text)?),
        ScalarType::Bytes => Value::Bytes(parse_base64(text)?.into()),
        ScalarType::Enum(names) => names.has(text).then(|| Value::String(text.into()))?,
        ScalarType::List(element) => parse_list(text, *element)?,
        ScalarType::Map(_) | ScalarType::Record(_) => return None,
    })
}

fn parse_list(text: &str, element: Element) -> Option<Value> {
    let text = text.trim();
    let values: Option<Vec<Value>> = if text.is_empty() {
        Some(Vec::new())
    } else if text.starts_with('[') {
        let items: Vec<serde_json::Value> = serde_json::from_str(text).ok()?;
        items.iter().map(|item| parse_item(item, element)).collect()
    } else {
        text.split(',').map(|item| parse(item.trim(), element.ty)).collect()
    };
    Some(Value::List(values?.into()))
}

fn parse_item(item: &serde_json::Value, element: Element) -> Option<Value> {
    match item {
        serde_json::Value::Null => element.nullable.then_some(Value::Null),
        serde_json::Value::String(text) => parse(text, element.ty),
        other => parse(&other.to_string(), element.ty),
    }
}

/// What to write where a text could not be read.
pub(super) fn how_to_write(ty: ScalarType) -> Option<&'static str> {
    Some(match ty {
        ScalarType::List(_) => "a list is given as `a,b,c`, or as JSON: `[\"a\", \"b\"]`",
        ScalarType::Map(_) | ScalarType::Record(_) => {
            "only single values and lists of them come from outside: give each part as a param of its own"
        }
        ScalarType::Duration => "for example `10m` or `1h30m`",
        ScalarType::Timestamp => "for example `2026-01-31T10:00:00Z`",
        ScalarType::Date => "for example `2026-01-31`",
        ScalarType::Bool => "it is `true` or `false`",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_in_both_forms() {
        let texts = ScalarType::list(ScalarType::String, false);
        let list =
            |values: &[&str]| Value::List(values.iter().map(|text| Value::String((*text).into())).collect());
        assert_eq!(parse("NL, BE,DE", texts), Some(list(&["NL", "BE", "DE"])));
        assert_eq!(parse(r#"["NL", "a,b"]"#, texts), Some(list(&["NL", "a,b"])));
        assert_eq!(parse(" ", texts), Some(list(&[])));
        assert_eq!(parse(r#"["NL", null]"#, texts), None);
        let ints = ScalarType::list(ScalarType::Int, true);
        let values = [Value::Int(1), Value::Null];
        assert_eq!(parse("[1, null]", ints), Some(Value::List(values.into())));
        assert_eq!((parse("1,x", ints), parse("[1", ints)), (None, None));
        let amounts = ScalarType::list(ScalarType::Decimal { precision: 18, scale: 2 }, false);
        assert_eq!(parse("[1.5]", amounts), Some(Value::List([Value::Decimal(150)].into())));
    }
}
