//! Single values as bytes, each behind a byte that tells its kind: in accumulators, and where a column holds lists and maps.

use tidegate_model::Value;
use tidegate_state::CodecError;
use tidegate_state::value::{self, Decoder};

/// Deeper than any type of the language; bytes that were not written here end at it.
const DEPTH_MAX: usize = 64;

pub fn encode_value(kept: &Value, out: &mut Vec<u8>) {
    match kept {
        Value::Null => out.push(0),
        Value::Bool(kept) => out.extend_from_slice(&[1, u8::from(*kept)]),
        Value::Int(kept) => tagged(2, *kept, out),
        Value::Float(kept) => {
            out.push(3);
            value::put_f64(out, *kept);
        }
        Value::Decimal(kept) => {
            out.push(4);
            value::put_i128(out, *kept);
        }
        Value::String(kept) => {
            out.push(5);
            value::put_str(out, kept);
        }
        Value::Timestamp(kept) => tagged(6, *kept, out),
        Value::Duration(kept) => tagged(7, *kept, out),
        Value::Bytes(kept) => {
            out.push(8);
            value::put_bytes(out, kept);
        }
        Value::Date(kept) => tagged(9, *kept, out),
        Value::Uuid(kept) => {
            out.push(10);
            out.extend_from_slice(&kept.to_be_bytes());
        }
        Value::List(values) => {
            out.push(11);
            all(values, out);
        }
        Value::Map(entries) => {
            out.push(12);
            value::put_u64(out, entries.len() as u64);
            for (key, value) in entries.iter() {
                encode_value(key, out);
                encode_value(value, out);
            }
        }
        Value::Record(values) => {
            out.push(13);
            all(values, out);
        }
    }
}

fn tagged(kind: u8, kept: i64, out: &mut Vec<u8>) {
    out.push(kind);
    value::put_i64(out, kept);
}

fn all(values: &[Value], out: &mut Vec<u8>) {
    value::put_u64(out, values.len() as u64);
    values.iter().for_each(|value| encode_value(value, out));
}

pub fn decode_value(from: &mut Decoder<'_>) -> Result<Value, CodecError> {
    decode_at(from, 0)
}

fn decode_at(from: &mut Decoder<'_>, depth: usize) -> Result<Value, CodecError> {
    if depth > DEPTH_MAX {
        return Err(CodecError::invalid("a value that is nested so deep"));
    }
    Ok(match from.u8()? {
        0 => Value::Null,
        1 => Value::Bool(from.u8()? != 0),
        2 => Value::Int(from.i64()?),
        3 => Value::Float(from.f64()?),
        4 => Value::Decimal(from.i128()?),
        5 => Value::String(from.str()?.into()),
        6 => Value::Timestamp(from.i64()?),
        7 => Value::Duration(from.i64()?),
        8 => Value::Bytes(from.bytes()?.into()),
        9 => Value::Date(from.i64()?),
        10 => {
            let mut bytes = [0; 16];
            for byte in &mut bytes {
                *byte = from.u8()?;
            }
            Value::Uuid(u128::from_be_bytes(bytes))
        }
        11 => Value::List(decode_all(from, depth)?.into()),
        12 => {
            let count = count(from)?;
            let mut entries = Vec::new();
            for _ in 0..count {
                entries.push((decode_at(from, depth + 1)?, decode_at(from, depth + 1)?));
            }
            Value::map(entries)
        }
        13 => Value::Record(decode_all(from, depth)?.into()),
        _ => return Err(CodecError::invalid("a value's kind")),
    })
}

fn decode_all(from: &mut Decoder<'_>, depth: usize) -> Result<Vec<Value>, CodecError> {
    let count = count(from)?;
    // The count is not trusted with memory: every value takes a byte at least.
    let mut values = Vec::with_capacity(count.min(from.rest().len()));
    for _ in 0..count {
        values.push(decode_at(from, depth + 1)?);
    }
    Ok(values)
}

fn count(from: &mut Decoder<'_>) -> Result<usize, CodecError> {
    usize::try_from(from.u64()?).map_err(|_| CodecError::invalid("a count"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arbitrary::{any_type, any_value};
    use crate::batch::Column;
    use crate::row_codec::RowCodec;
    use proptest::prelude::*;
    use std::sync::Arc;
    use tidegate_model::{Column as SchemaColumn, Schema};

    proptest! {
        #[test]
        fn values_and_rows_come_back_from_their_bytes(
            (ty, value) in any_type().prop_flat_map(|ty| (Just(ty), any_value(ty)))) {
            let mut bytes = Vec::new();
            encode_value(&value, &mut bytes);
            let mut from = Decoder::new(&bytes);
            prop_assert_eq!(decode_value(&mut from), Ok(value.clone()));
            prop_assert!(from.is_empty());
            prop_assert!(value.is_of(ty));

            let codec = RowCodec::new(&Schema::new(vec![SchemaColumn::nullable("v", ty)]), &[true]);
            let mut column = Column::new(ty);
            column.push(&value);
            let mut row = Vec::new();
            codec.encode(&[Arc::new(column)], 0, &mut row);
            let mut builders = codec.builders();
            codec.decode(&row, &mut builders).expect("it was encoded");
            prop_assert_eq!(builders[0].value(0, ty), value);
        }

        #[test]
        fn any_bytes_give_a_value_of_the_type_or_an_error(ty in any_type(), bytes: Vec<u8>, kind in 0u8..14) {
            let codec = RowCodec::new(&Schema::new(vec![SchemaColumn::nullable("v", ty)]), &[true]);
            let row = [&[0, kind], &bytes[..]].concat();
            let mut builders = codec.builders();
            if codec.decode(&row, &mut builders).is_ok() && !builders[0].is_null(0) && ty.is_nested() {
                prop_assert!(builders[0].value(0, ty).is_of(ty));
            }
        }
    }

    #[test]
    fn bytes_that_nest_without_end_are_refused() {
        let mut bytes = Vec::new();
        for _ in 0..10_000 {
            bytes.extend_from_slice(&[11, 1]);
        }
        assert!(decode_value(&mut Decoder::new(&bytes)).is_err());
    }
}
