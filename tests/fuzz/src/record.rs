//! Records as they come from a topic: any bytes as the payload of an event.

use crate::decode::JsonDecoder;
use tidegate_model::schema::Column as SchemaColumn;
use tidegate_model::{ScalarType, Schema, Value};

/// Larger payloads are refused.
const PAYLOAD_BYTES_MAX: usize = 1000;
/// Every one that an event can be refused for.
const CODES: [&str; 9] = [
    "malformed_json",
    "wrong_type",
    "missing_field",
    "duplicate_field",
    "too_large",
    "too_deep",
    "not_utf8",
    "null_key",
    "key_mismatch",
];
const GOOD: &str = r#"{"card":"c1","amount":"12.50","merchant":{"currency":"EUR"},"at":1700000000000}"#;

fn schema() -> Schema {
    Schema::new(vec![
        SchemaColumn::new("card", ScalarType::String),
        SchemaColumn::new("amount", ScalarType::Decimal { precision: 18, scale: 2 }),
        SchemaColumn::new("merchant.currency", ScalarType::String),
        SchemaColumn::presence("geo"),
        SchemaColumn::nullable("geo.lat", ScalarType::Float),
        SchemaColumn::new("at", ScalarType::Timestamp),
        SchemaColumn::nullable("day", ScalarType::Date),
        SchemaColumn::nullable("id", ScalarType::Uuid),
        SchemaColumn::nullable("raw", ScalarType::Bytes),
        SchemaColumn::nullable("n", ScalarType::Int),
        SchemaColumn::nullable("ok", ScalarType::Bool),
    ])
}

pub fn run(payload: &[u8]) {
    let schema = schema();
    let all = vec![true; schema.columns.len()];
    let mut decoder = JsonDecoder::new(&schema, &all, None, PAYLOAD_BYTES_MAX);
    decoder.push(GOOD.as_bytes(), None).expect("it is good");
    let taken = decoder.push(payload, None);
    decoder.push(GOOD.as_bytes(), None).expect("it is good still");
    let columns = decoder.finish();
    let rows = 2 + usize::from(taken.is_ok());
    for (column, spec) in columns.iter().zip(&schema.columns) {
        assert_eq!(column.len(), rows, "{}", spec.path);
        assert_eq!(column.value(0, spec.ty), column.value(rows - 1, spec.ty), "{}", spec.path);
        for row in 0..rows {
            let value = column.value(row, spec.ty);
            assert!(spec.nullable || value != Value::Null, "{} must not be null", spec.path);
        }
    }
    if let Err(error) = &taken {
        assert!(CODES.contains(&error.code), "no code: {error:?}");
        assert!(error.message.len() < 2 * PAYLOAD_BYTES_MAX, "a message is not as long as what it is about");
    }
    // What nothing reads may have any type, but not any form.
    let mut careless = JsonDecoder::new(&schema, &vec![false; schema.columns.len()], None, PAYLOAD_BYTES_MAX);
    let form = careless.push(payload, None);
    assert!(taken.is_err() || form.is_ok(), "it was read, and has no form: {form:?}");
}
