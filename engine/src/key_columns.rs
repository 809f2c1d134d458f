//! The key of an event's group: its expressions, evaluated and put into the order-preserving form of the store.

use crate::batch::{Batch, Column, ColumnData};
use crate::expression::{Compiled, RowErrors};
use std::sync::Arc;
use tidegate_model::expr::Expr;
use tidegate_model::{ScalarType, Value};
use tidegate_state::{CodecError, KeyReader, Keys, key};

#[derive(Debug)]
pub struct KeyColumns {
    parts: Vec<(Compiled, ScalarType)>,
}

impl KeyColumns {
    pub fn new(exprs: &[Expr]) -> KeyColumns {
        KeyColumns { parts: exprs.iter().map(|expr| (Compiled::new(expr), expr.ty)).collect() }
    }

    pub fn evaluate(&self, batch: &Batch, errors: &mut RowErrors) -> Vec<Arc<Column>> {
        self.parts.iter().map(|(compiled, _)| compiled.eval(batch, &batch.selection, errors)).collect()
    }
}

/// Appends the key of a row.
#[inline]
pub fn push_key(columns: &[Arc<Column>], row: usize, out: &mut Vec<u8>) {
    for column in columns {
        if column.is_null(row) {
            key::push_null(out);
            continue;
        }
        match &column.data {
            ColumnData::Absent => panic!("a key column is always decoded"),
            ColumnData::Bool(values) => key::push_bool(out, values[row]),
            ColumnData::Int(values) => key::push_int(out, values[row]),
            ColumnData::Float(values) => key::push_float(out, values[row]),
            ColumnData::Decimal(values) => key::push_decimal(out, values[row]),
            ColumnData::String(values) => key::push_string(out, values.get(row)),
            ColumnData::Values(values) => match &values[row] {
                Value::Bytes(bytes) => key::push_bytes(out, bytes),
                other => panic!("the checker lets {other:?} be no key"),
            },
        }
    }
}

/// Appends what decides the partition of a row: for a key of one column its text, as producers write it, so that such a stream is
/// co-partitioned with the user's topics; for several columns the encoded key.
pub fn push_place(columns: &[Arc<Column>], types: &[ScalarType], row: usize, out: &mut Vec<u8>) {
    match (columns, types) {
        ([column], [ty]) if !column.is_null(row) => match &column.data {
            ColumnData::String(values) => out.extend_from_slice(values.get(row).as_bytes()),
            _ => out.extend_from_slice(crate::expression::text(&column.value(row, *ty), *ty).as_bytes()),
        },
        _ => push_key(columns, row, out),
    }
}

/// Encodes the keys of all selected rows into `keys`.
pub fn encode_keys(batch: &Batch, columns: &[Arc<Column>], keys: &mut Keys) {
    keys.clear();
    for &row in &batch.selection {
        keys.push_with(|out| push_key(columns, row as usize, out));
    }
}

/// Appends the parts of an encoded key to one builder each.
pub fn decode_key(bytes: &[u8], types: &[ScalarType], builders: &mut [Column]) -> Result<(), CodecError> {
    let mut reader = KeyReader::new(bytes);
    for (ty, column) in types.iter().zip(builders) {
        let present = match &mut column.data {
            ColumnData::Absent => panic!("key columns have builders"),
            ColumnData::Bool(values) => reader.bool()?.map(|value| values.push(value)),
            ColumnData::Int(values) => reader.int()?.map(|value| values.push(value)),
            ColumnData::Float(values) => reader.float()?.map(|value| values.push(value)),
            ColumnData::Decimal(values) => reader.decimal()?.map(|value| values.push(value)),
            ColumnData::String(values) => reader.string()?.map(|value| values.push(&value)),
            ColumnData::Values(values) => {
                reader.bytes()?.map(|value| values.push(Value::Bytes(value.as_ref().into())))
            }
        };
        match present {
            Some(()) => column.pushed_value(),
            None => column.push_null(),
        }
        debug_assert_eq!(
            std::mem::discriminant(&Column::new(*ty).data),
            std::mem::discriminant(&column.data)
        );
    }
    Ok(())
}
