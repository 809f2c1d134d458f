//! Rows as JSON, by a template made once for the schema.

use crate::batch::{Column, ColumnData};
use std::sync::Arc;
use tidegate_model::json::write_value as write_value_json;
use tidegate_model::plan::{DecimalFormat, JsonFormat, TimestampFormat};
use tidegate_model::text::date_text;
use tidegate_model::time::write_rfc3339;
use tidegate_model::value::{write_decimal, write_json_string};
use tidegate_model::{ScalarType, Schema, Span};

/// Writes one JSON object for each row.
#[derive(Clone, Debug)]
pub struct JsonEncoder {
    root: Vec<Field>,
    format: JsonFormat,
}

#[derive(Clone, Debug)]
struct Field {
    /// The name, quoted and escaped, with its colon.
    name: Vec<u8>,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    Leaf {
        column: usize,
        ty: ScalarType,
    },
    /// `presence`: the column that says whether the record is there.
    Record {
        presence: Option<usize>,
        fields: Vec<Field>,
    },
}

impl JsonEncoder {
    pub fn new(schema: &Schema, format: JsonFormat) -> JsonEncoder {
        JsonEncoder::of_columns(schema, &vec![true; schema.columns.len()], format)
    }

    /// Of some columns only.
    pub fn of_columns(schema: &Schema, chosen: &[bool], format: JsonFormat) -> JsonEncoder {
        let columns = schema.columns.iter().zip(chosen).enumerate().filter(|(_, (_, chosen))| **chosen);
        let columns: Vec<(usize, &str)> =
            columns.map(|(index, (column, _))| (index, column.path.as_str())).collect();
        JsonEncoder { root: fields(schema, &columns, 0), format }
    }

    /// Appends the row as an object.
    pub fn encode_row(&self, columns: &[Arc<Column>], row: usize, out: &mut Vec<u8>) {
        write_fields(&self.root, self.format, columns, row, out);
    }
}

/// The fields of one level; all paths agree in their first `depth` bytes.
fn fields(schema: &Schema, columns: &[(usize, &str)], depth: usize) -> Vec<Field> {
    let mut result = Vec::new();
    let mut at = 0;
    while at < columns.len() {
        let name = columns[at].1[depth..].split('.').next().expect("a path has a name");
        let end = depth + name.len();
        let same = |path: &str| {
            path.as_bytes().get(depth..end) == Some(name.as_bytes())
                && matches!(path.as_bytes().get(end), None | Some(b'.'))
        };
        let count = columns[at..].iter().take_while(|(_, path)| same(path)).count();
        let group = &columns[at..at + count];
        at += count;
        let mut quoted = Vec::new();
        write_json_string(name, &mut quoted);
        quoted.push(b':');
        let (first, path) = group[0];
        let presence = schema.columns[first].presence && path.len() == end;
        let content = if path.len() == end && !presence {
            Content::Leaf { column: first, ty: schema.columns[first].ty }
        } else {
            let inner = &group[usize::from(presence)..];
            Content::Record { presence: presence.then_some(first), fields: fields(schema, inner, end + 1) }
        };
        result.push(Field { name: quoted, content });
    }
    result
}

fn write_fields(
    fields: &[Field],
    format: JsonFormat,
    columns: &[Arc<Column>],
    row: usize,
    out: &mut Vec<u8>,
) {
    out.push(b'{');
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(&field.name);
        match &field.content {
            Content::Leaf { column, ty } => write_value(&columns[*column], *ty, format, row, out),
            Content::Record { presence: Some(presence), .. } if !is_true(&columns[*presence], row) => {
                out.extend_from_slice(b"null");
            }
            Content::Record { fields, .. } => write_fields(fields, format, columns, row, out),
        }
    }
    out.push(b'}');
}

fn is_true(column: &Column, row: usize) -> bool {
    matches!(&column.data, ColumnData::Bool(values) if values[row])
}

fn write_value(column: &Column, ty: ScalarType, format: JsonFormat, row: usize, out: &mut Vec<u8>) {
    if column.is_null(row) {
        out.extend_from_slice(b"null");
        return;
    }
    match &column.data {
        ColumnData::Absent => panic!("a column that is written was decoded"),
        ColumnData::Bool(values) => out.extend_from_slice(if values[row] { b"true" } else { b"false" }),
        ColumnData::Int(values) => match (ty, format.timestamps) {
            (ScalarType::Timestamp, TimestampFormat::Rfc3339) => {
                out.push(b'"');
                write_rfc3339(values[row], out);
                out.push(b'"');
            }
            (ScalarType::Timestamp, TimestampFormat::EpochMillis) => {
                write_int(values[row].div_euclid(1000), out)
            }
            (ScalarType::Duration, _) => write_json_string(&Span::from_micros(values[row]).to_string(), out),
            (ScalarType::Date, _) => write_json_string(&date_text(values[row]), out),
            _ => write_int(values[row], out),
        },
        ColumnData::Float(values) if values[row].is_finite() => {
            out.extend_from_slice(format!("{:?}", values[row]).as_bytes());
        }
        // JSON has no infinity and no NaN.
        ColumnData::Float(_) => out.extend_from_slice(b"null"),
        ColumnData::Decimal(_) if ty == ScalarType::Uuid => {
            write_value_json(&column.value(row, ty), ty, format, out);
        }
        ColumnData::Decimal(values) => match format.decimals {
            DecimalFormat::String => {
                out.push(b'"');
                write_decimal(values[row], ty.scale(), out);
                out.push(b'"');
            }
            DecimalFormat::Number => write_decimal(values[row], ty.scale(), out),
        },
        ColumnData::String(values) => write_json_string(values.get(row), out),
        ColumnData::Values(values) => write_value_json(&values[row], ty, format, out),
    }
}

fn write_int(value: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Writes record keys: one column as its plain text, several as a JSON object.
#[derive(Clone, Debug)]
pub struct KeyEncoder {
    plain: Option<(usize, ScalarType)>,
    object: JsonEncoder,
}

impl KeyEncoder {
    pub fn new(schema: &Schema, key: &[usize]) -> KeyEncoder {
        let columns: Vec<(usize, &str)> =
            key.iter().map(|index| (*index, schema.columns[*index].path.as_str())).collect();
        let plain = match key {
            [index] => Some((*index, schema.columns[*index].ty)),
            _ => None,
        };
        KeyEncoder {
            plain,
            object: JsonEncoder { root: fields(schema, &columns, 0), format: JsonFormat::default() },
        }
    }

    /// Appends the key; false: there is none (a single column that is null).
    pub fn encode_row(&self, columns: &[Arc<Column>], row: usize, out: &mut Vec<u8>) -> bool {
        let Some((index, ty)) = self.plain else {
            self.object.encode_row(columns, row, out);
            return true;
        };
        let column = &columns[index];
        if column.is_null(row) {
            return false;
        }
        match &column.data {
            ColumnData::String(values) => out.extend_from_slice(values.get(row).as_bytes()),
            _ => {
                let text = crate::expression::text(&column.value(row, ty), ty);
                out.extend_from_slice(text.as_bytes());
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_model::{Column as SchemaColumn, Value};

    #[test]
    fn nested_records_and_nulls_are_written_as_they_are_declared() {
        let decimal = ScalarType::Decimal { precision: 18, scale: 2 };
        let schema = Schema::new(vec![
            SchemaColumn::new("id", ScalarType::String),
            SchemaColumn::new("merchant.currency", ScalarType::String),
            SchemaColumn::new("merchant.fee", decimal),
            SchemaColumn::presence("hit"),
            SchemaColumn::nullable("hit.reason", ScalarType::String),
            SchemaColumn::new("at", ScalarType::Timestamp),
        ]);
        let rows = [
            [
                Value::String("a\"b".into()),
                Value::String("EUR".into()),
                Value::Decimal(-5),
                Value::Bool(true),
                Value::Null,
                Value::Timestamp(0),
            ],
            [
                Value::String("".into()),
                Value::String("é".into()),
                Value::Decimal(12345),
                Value::Bool(false),
                Value::Null,
                Value::Timestamp(1500),
            ],
        ];
        let columns: Vec<Arc<Column>> = schema
            .columns
            .iter()
            .enumerate()
            .map(|(index, column)| {
                let mut built = Column::new(column.ty);
                rows.iter().for_each(|row| built.push(&row[index]));
                Arc::new(built)
            })
            .collect();
        let encoder = JsonEncoder::new(&schema, JsonFormat::default());
        let text = |row| {
            let mut out = Vec::new();
            encoder.encode_row(&columns, row, &mut out);
            String::from_utf8(out).expect("UTF-8")
        };
        assert_eq!(
            text(0),
            r#"{"id":"a\"b","merchant":{"currency":"EUR","fee":"-0.05"},"hit":{"reason":null},"at":"1970-01-01T00:00:00Z"}"#
        );
        assert_eq!(
            text(1),
            r#"{"id":"","merchant":{"currency":"é","fee":"123.45"},"hit":null,"at":"1970-01-01T00:00:00.001500Z"}"#
        );
        let key = |columns_of: &[usize]| {
            let mut out = Vec::new();
            KeyEncoder::new(&schema, columns_of)
                .encode_row(&columns, 0, &mut out)
                .then(|| String::from_utf8(out).expect("UTF-8"))
        };
        assert_eq!(key(&[2]).as_deref(), Some("-0.05"));
        assert_eq!(
            key(&[1, 5]).as_deref(),
            Some(r#"{"merchant":{"currency":"EUR"},"at":"1970-01-01T00:00:00Z"}"#)
        );
        assert_eq!(key(&[4]), None);
    }
}
