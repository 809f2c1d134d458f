//! Events whose fields have values from the edges of their types.

use crate::batch::{Batch, Column};
use std::sync::Arc;
use tidegate_model::text::parse_uuid;
use tidegate_model::value::parse_decimal;
use tidegate_model::{Element, EventTime, ScalarType, Schema, Value};

/// Events without values of the input.
const OWN: usize = 6;
/// Events with them, at most.
const GIVEN_MAX: usize = 4;

/// Some events of a source; behind those that are always the same is one for each line of the input.
pub(crate) fn events(schema: &Schema, given: &str) -> Batch {
    let lines: Vec<&str> = given.lines().take(GIVEN_MAX).collect();
    let rows = OWN + lines.len();
    let there = |column: &tidegate_model::Column, row: usize| {
        // The fields of a record that is not there are null.
        let around = schema.columns.iter().position(|other| {
            other.presence && !column.presence && column.path.starts_with(&format!("{}.", other.path))
        });
        around.is_none_or(|place| edge(ScalarType::Bool, place + row) == Value::Bool(true))
    };
    let columns = schema.columns.iter().enumerate().map(|(place, column)| {
        let mut values = Column::new(column.ty);
        for row in 0..rows {
            let read = row.checked_sub(OWN).and_then(|line| read(column.ty, lines[line]));
            let null = column.nullable && !column.presence && (place + row) % 4 == 3;
            let value = match read {
                _ if !there(column, row) => Value::Null,
                Some(value) if !column.presence => value,
                _ if null => Value::Null,
                _ => edge(column.ty, place + row),
            };
            values.push(&value);
        }
        Arc::new(values)
    });
    Batch {
        columns: columns.collect(),
        times: Arc::new(vec![EventTime::from_micros(0); rows]),
        watermarks: Arc::new(vec![EventTime::from_micros(0); rows]),
        selection: Batch::select_all(rows),
        deleted: None,
        raw: None,
        origin: None,
    }
}

/// A line of the input as a value, where it is one.
fn read(ty: ScalarType, line: &str) -> Option<Value> {
    Some(match ty {
        ScalarType::String => Value::String(line.into()),
        ScalarType::Int => Value::Int(line.parse().ok()?),
        ScalarType::Timestamp => Value::Timestamp(line.parse().ok()?),
        ScalarType::Duration => Value::Duration(line.parse().ok()?),
        ScalarType::Float => Value::Float(line.parse().ok()?),
        ScalarType::Decimal { scale, .. } => Value::Decimal(parse_decimal(line.as_bytes(), scale)?),
        ScalarType::Uuid => Value::Uuid(parse_uuid(line)?),
        ScalarType::Bytes => Value::Bytes(line.as_bytes().into()),
        ScalarType::List(Element { ty: ScalarType::String, .. }) => {
            Value::List(line.split(',').map(|part| Value::String(part.into())).collect())
        }
        ScalarType::List(Element { ty: ScalarType::Int, .. }) => Value::List(
            line.split(',').map(|part| part.parse().map(Value::Int)).collect::<Result<_, _>>().ok()?,
        ),
        _ => return None,
    })
}

/// One of the values at the edges of a type; `which` is any number.
fn edge(ty: ScalarType, which: usize) -> Value {
    const INTS: [i64; 7] = [1, 0, -1, i64::MAX, i64::MIN, 1 << 53, 100];
    const FLOATS: [f64; 9] =
        [1.5, 0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, 5e-324, -1e18];
    const DIGITS: [i128; 6] = [150, 0, -1, i128::MAX, -i128::MAX, 1 << 64];
    const TEXTS: [&str; 10] = [
        "a",
        "",
        "é€𝄞\u{0}\u{301}ß",
        "-12.50",
        "2026-02-29T24:00:00Z",
        "{\"a\":[1,null]}",
        "10.0.0.1/33",
        "http://[::1]:x/?a=%zz",
        "Europe/Paris",
        " 9223372036854775808 ",
    ];
    const MICROS: [i64; 7] =
        [0, 1_767_225_600_000_000, -1, i64::MAX, i64::MIN, 253_402_300_799_999_999, -62_135_596_800_000_001];
    const DAYS: [i64; 5] = [0, 20_454, -1, 2_932_896, -719_163];
    fn of<T: Clone>(values: &[T], which: usize) -> T {
        values[which % values.len()].clone()
    }
    /// None, one, and then some.
    fn some<T>(which: usize, make: impl Fn(usize) -> T) -> Vec<T> {
        (0..[2, 0, 1, 5][which % 4]).map(|index| make(which + index)).collect()
    }
    let element = |element: Element, which: usize| {
        if element.nullable && which % 3 == 2 { Value::Null } else { edge(element.ty, which) }
    };
    match ty {
        ScalarType::Bool => Value::Bool(which.is_multiple_of(2)),
        ScalarType::Int => Value::Int(of(&INTS, which)),
        ScalarType::Float => Value::Float(of(&FLOATS, which)),
        ScalarType::Decimal { .. } => Value::Decimal(of(&DIGITS, which)),
        ScalarType::String => Value::String(of(&TEXTS, which).into()),
        ScalarType::Timestamp => Value::Timestamp(of(&MICROS, which)),
        ScalarType::Duration => Value::Duration(of(&MICROS, which)),
        ScalarType::Date => Value::Date(of(&DAYS, which)),
        ScalarType::Bytes => Value::Bytes(of(&TEXTS, which).as_bytes().into()),
        ScalarType::Uuid => Value::Uuid(of(&[0, u128::MAX, 1 << 127, 1], which)),
        ScalarType::Enum(names) => Value::String(of(&names.variants, which).into()),
        ScalarType::List(inner) => Value::List(some(which, |index| element(*inner, index)).into()),
        ScalarType::Map(map) => {
            Value::map(some(which, |index| (edge(map.key, index), element(map.value, index))))
        }
        ScalarType::Record(record) => {
            let fields = record.fields.iter().enumerate();
            Value::Record(fields.map(|(index, field)| element(field.element, which + index)).collect())
        }
    }
}
