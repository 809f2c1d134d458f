//! Values as the language writes them.

use tidegate_model::text::date_text;
use tidegate_model::value::{text, write_decimal};
use tidegate_model::{RecordField, ScalarType, Value};

/// `"text"`, `12.50`, `@2026-01-01T10:00:00Z`, `1h30m`, `null`, `[1, 2]`, `{ "a": 1 }`, `Status.paid`.
pub fn literal(value: &Value, ty: ScalarType) -> String {
    match (value, ty) {
        (Value::Decimal(digits), _) => {
            let mut out = Vec::new();
            write_decimal(*digits, ty.scale(), &mut out);
            String::from_utf8(out).expect("digits are ASCII")
        }
        (Value::String(name), ScalarType::Enum(names)) if is_name(name) => format!("{}.{name}", names.name),
        (Value::Date(days), _) => format!("@{}", date_text(*days)),
        (Value::Uuid(_) | Value::Bytes(_), ty) => format!("{:?}", text(value, ty)),
        (Value::List(values), ScalarType::List(element)) => {
            let values = values.iter().map(|value| literal(value, element.ty));
            format!("[{}]", values.collect::<Vec<_>>().join(", "))
        }
        (Value::Map(entries), ScalarType::Map(map)) => {
            let entry = |(key, value): &(Value, Value)| {
                format!("{}: {}", literal(key, map.key), literal(value, map.value.ty))
            };
            braced(entries.iter().map(entry).collect())
        }
        (Value::Record(values), ScalarType::Record(record)) => {
            let field = |(field, value): (&RecordField, &Value)| {
                format!("{}: {}", field.name, literal(value, field.element.ty))
            };
            braced(record.fields.iter().zip(values.iter()).map(field).collect())
        }
        (other, _) => other.to_string(),
    }
}

fn braced(parts: Vec<String>) -> String {
    if parts.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", parts.join(", ")) }
}

fn is_name(text: &str) -> bool {
    text.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
        && !text.starts_with(|char: char| char.is_ascii_digit())
}
