//! Values as JSON. What an event's columns are written as has a faster way of its own, which agrees with this one.

use crate::plan::{DecimalFormat, JsonFormat, TimestampFormat};
use crate::schema::ScalarType;
use crate::text::{date_text, uuid_text, write_base64};
use crate::time::{Span, write_rfc3339};
use crate::value::{Value, write_decimal, write_json_string};

/// Appends a value of the type `ty`.
pub fn write_value(value: &Value, ty: ScalarType, format: JsonFormat, out: &mut Vec<u8>) {
    match (value, ty) {
        (Value::Null, _) => out.extend_from_slice(b"null"),
        (Value::Bool(value), _) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        (Value::Int(value), _) => out.extend_from_slice(value.to_string().as_bytes()),
        (Value::Float(value), _) if value.is_finite() => {
            out.extend_from_slice(format!("{value:?}").as_bytes())
        }
        // JSON has no infinity and no NaN.
        (Value::Float(_), _) => out.extend_from_slice(b"null"),
        (Value::Decimal(digits), _) => match format.decimals {
            DecimalFormat::String => {
                out.push(b'"');
                write_decimal(*digits, ty.scale(), out);
                out.push(b'"');
            }
            DecimalFormat::Number => write_decimal(*digits, ty.scale(), out),
        },
        (Value::String(text), _) => write_json_string(text, out),
        (Value::Timestamp(micros), _) => match format.timestamps {
            TimestampFormat::Rfc3339 => {
                out.push(b'"');
                write_rfc3339(*micros, out);
                out.push(b'"');
            }
            TimestampFormat::EpochMillis => {
                out.extend_from_slice(micros.div_euclid(1000).to_string().as_bytes())
            }
        },
        (Value::Duration(micros), _) => write_json_string(&Span::from_micros(*micros).to_string(), out),
        (Value::Bytes(bytes), _) => {
            let mut text = String::new();
            write_base64(bytes, &mut text);
            write_json_string(&text, out);
        }
        (Value::Date(days), _) => write_json_string(&date_text(*days), out),
        (Value::Uuid(uuid), _) => write_json_string(&uuid_text(*uuid), out),
        (Value::List(values), ScalarType::List(element)) => {
            out.push(b'[');
            for (index, value) in values.iter().enumerate() {
                comma(index, out);
                write_value(value, element.ty, format, out);
            }
            out.push(b']');
        }
        (Value::Map(entries), ScalarType::Map(map)) => {
            out.push(b'{');
            for (index, (key, value)) in entries.iter().enumerate() {
                comma(index, out);
                write_json_string(&crate::value::text(key, map.key), out);
                out.push(b':');
                write_value(value, map.value.ty, format, out);
            }
            out.push(b'}');
        }
        (Value::Record(values), ScalarType::Record(record)) => {
            out.push(b'{');
            for (index, (value, field)) in values.iter().zip(&record.fields).enumerate() {
                comma(index, out);
                write_json_string(&field.name, out);
                out.push(b':');
                write_value(value, field.element.ty, format, out);
            }
            out.push(b'}');
        }
        (value, ty) => panic!("{value:?} is no {ty}"),
    }
}

fn comma(index: usize, out: &mut Vec<u8>) {
    if index > 0 {
        out.push(b',');
    }
}
