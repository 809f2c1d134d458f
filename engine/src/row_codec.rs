//! Rows as bytes: in internal topics and in table stores. Only the columns that somebody reads are kept.
//!
//! Form: one bit for each kept column that is null, in whole bytes; then the values of the others, in order.

use crate::batch::{Column, ColumnData};
use crate::value_codec::{decode_value, encode_value};
use std::sync::Arc;
use tidegate_model::{ScalarType, Schema, Value};
use tidegate_state::CodecError;
use tidegate_state::value::{self, Decoder};

#[derive(Clone, Debug)]
pub struct RowCodec {
    /// Kept columns by their index in the schema.
    kept: Vec<(usize, ScalarType)>,
    /// Those of them that say whether another row was joined: where this row is missing, so is that one.
    presences: Vec<usize>,
    /// Columns of the whole schema.
    width: usize,
}

impl RowCodec {
    /// A codec for the columns of `schema` that are `needed`.
    pub fn new(schema: &Schema, needed: &[bool]) -> RowCodec {
        assert_eq!(schema.columns.len(), needed.len(), "one flag for each column");
        let kept = schema.columns.iter().enumerate().filter(|(index, _)| needed[*index]);
        let presences = kept.clone().filter(|(_, column)| column.presence).map(|(index, _)| index);
        RowCodec {
            presences: presences.collect(),
            kept: kept.map(|(index, column)| (index, column.ty)).collect(),
            width: needed.len(),
        }
    }

    pub fn encode(&self, columns: &[Arc<Column>], row: usize, out: &mut Vec<u8>) {
        let bitmap = out.len();
        out.resize(bitmap + self.kept.len().div_ceil(8), 0);
        for (position, (index, _)) in self.kept.iter().enumerate() {
            let column = &columns[*index];
            if column.is_null(row) {
                out[bitmap + position / 8] |= 1 << (position % 8);
                continue;
            }
            match &column.data {
                ColumnData::Absent => panic!("column {index} is needed but was not decoded"),
                ColumnData::Bool(values) => out.push(u8::from(values[row])),
                ColumnData::Int(values) => value::put_i64(out, values[row]),
                ColumnData::Float(values) => value::put_f64(out, values[row]),
                ColumnData::Decimal(values) => value::put_i128(out, values[row]),
                ColumnData::String(values) => value::put_str(out, values.get(row)),
                ColumnData::Values(values) => encode_value(&values[row], out),
            }
        }
    }

    /// Fresh columns of the whole schema to decode into; those that are not kept are absent.
    pub fn builders(&self) -> Vec<Column> {
        let mut builders: Vec<Column> = (0..self.width).map(|_| Column::absent()).collect();
        for (index, ty) in &self.kept {
            builders[*index] = Column::new(*ty);
        }
        builders
    }

    /// Appends one row. After an error the builders are not to be used.
    pub fn decode(&self, bytes: &[u8], builders: &mut [Column]) -> Result<(), CodecError> {
        let bitmap_bytes = self.kept.len().div_ceil(8);
        if bytes.len() < bitmap_bytes {
            return Err(CodecError::invalid("a row's null bitmap"));
        }
        let (bitmap, values) = bytes.split_at(bitmap_bytes);
        let mut from = Decoder::new(values);
        for (position, (index, ty)) in self.kept.iter().enumerate() {
            let column = &mut builders[*index];
            if bitmap[position / 8] & (1 << (position % 8)) != 0 {
                column.push_null();
                continue;
            }
            match &mut column.data {
                ColumnData::Absent => panic!("kept columns have builders"),
                ColumnData::Bool(values) => values.push(from.u8()? != 0),
                ColumnData::Int(values) => values.push(from.i64()?),
                ColumnData::Float(values) => values.push(from.f64()?),
                ColumnData::Decimal(values) => values.push(from.i128()?),
                ColumnData::String(values) => values.push(from.str()?),
                ColumnData::Values(values) => {
                    let value = decode_value(&mut from)?;
                    if !value.is_of(*ty) {
                        return Err(CodecError::invalid("a value of another type"));
                    }
                    values.push(value);
                }
            }
            column.pushed_value();
        }
        if !from.is_empty() {
            return Err(CodecError::invalid("bytes behind a row"));
        }
        Ok(())
    }

    /// Columns of the whole schema.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Appends nulls to all columns but some, which have their value already.
    pub fn push_nulls_but(&self, columns: &[usize], builders: &mut [Column]) {
        for (index, _) in self.kept.iter().filter(|(index, _)| !columns.contains(index)) {
            if self.presences.contains(index) {
                builders[*index].push(&Value::Bool(false));
            } else {
                builders[*index].push_null();
            }
        }
    }

    /// Appends a row that is missing: every column is null.
    pub fn push_nulls(&self, builders: &mut [Column]) {
        self.push_nulls_but(&[], builders);
    }
}
