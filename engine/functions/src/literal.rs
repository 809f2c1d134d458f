//! Values as the language writes them.

use tidegate_model::value::write_decimal;
use tidegate_model::{ScalarType, Value};

/// `"text"`, `12.50`, `@2026-01-01T10:00:00Z`, `1h30m`, `null`.
pub fn literal(value: &Value, ty: ScalarType) -> String {
    match value {
        Value::Decimal(digits) => {
            let mut out = Vec::new();
            write_decimal(*digits, ty.scale(), &mut out);
            String::from_utf8(out).expect("digits are ASCII")
        }
        other => other.to_string(),
    }
}
