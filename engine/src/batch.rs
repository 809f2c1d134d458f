//! Events in flight: typed columns with a selection of the rows that are still alive.
//!
//! Columns are shared (`Arc`), so that a filter only shortens the selection and a fan-out copies no data.
//! A column that nothing downstream reads is [`ColumnData::Absent`]: its index stays, its values were never decoded.

use std::sync::Arc;
use tidegate_model::{EventTime, Offset, PartitionId, ScalarType, Value};

/// Values of one column, one for each physical row. Rows that are not selected hold anything.
#[derive(Clone, PartialEq, Debug)]
pub struct Column {
    pub data: ColumnData,
    /// True where the value is null. None: no row is.
    pub nulls: Option<Vec<bool>>,
}

#[derive(Clone, PartialEq, Debug)]
pub enum ColumnData {
    Absent,
    Bool(Vec<bool>),
    /// Ints; timestamps and durations in microseconds; dates in days.
    Int(Vec<i64>),
    Float(Vec<f64>),
    /// Unscaled digits; uuids, see [`uuid_digits`].
    Decimal(Vec<i128>),
    /// Strings, and the names of enums' values.
    String(Strings),
    /// Bytes, lists, maps, and records in them.
    Values(Vec<Value>),
}

/// A uuid as a whole number of the same order, and back.
pub fn uuid_digits(uuid: u128) -> i128 {
    (uuid ^ (1 << 127)) as i128
}

fn digits_uuid(digits: i128) -> u128 {
    digits as u128 ^ (1 << 127)
}

/// Strings of one column in one buffer.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Strings {
    bytes: String,
    spans: Vec<(u32, u32)>,
}

impl Strings {
    /// `rows` empty strings.
    pub fn empty(rows: usize) -> Strings {
        Strings { bytes: String::new(), spans: vec![(0, 0); rows] }
    }

    pub fn get(&self, row: usize) -> &str {
        let (start, end) = self.spans[row];
        &self.bytes[start as usize..end as usize]
    }

    /// Replaces the string of a row.
    pub fn set(&mut self, row: usize, text: &str) {
        let start = self.bytes.len() as u32;
        self.bytes.push_str(text);
        self.spans[row] = (start, self.bytes.len() as u32);
    }

    pub fn push(&mut self, text: &str) {
        let start = self.bytes.len() as u32;
        self.bytes.push_str(text);
        self.spans.push((start, self.bytes.len() as u32));
    }

    /// Appends a row whose text is written by `write` to the end of the shared buffer.
    pub fn push_with(&mut self, write: impl FnOnce(&mut String)) {
        let start = self.bytes.len();
        write(&mut self.bytes);
        assert!(self.bytes.len() >= start, "a string writer only appends");
        self.spans.push((start as u32, self.bytes.len() as u32));
    }

    /// As [`Strings::push_with`], for a row that is there already.
    pub fn set_with(&mut self, row: usize, write: impl FnOnce(&mut String)) {
        let start = self.bytes.len();
        write(&mut self.bytes);
        assert!(self.bytes.len() >= start, "a string writer only appends");
        self.spans[row] = (start as u32, self.bytes.len() as u32);
    }

    pub fn len(&self) -> usize {
        self.spans.len()
    }

    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Drops all rows from `rows` on.
    pub fn truncate(&mut self, rows: usize) {
        self.spans.truncate(rows);
    }
}

impl Column {
    pub fn absent() -> Column {
        Column { data: ColumnData::Absent, nulls: None }
    }

    /// `rows` zeros of the type, none of them null.
    pub fn zeros(ty: ScalarType, rows: usize) -> Column {
        let data = match ty {
            ScalarType::Bool => ColumnData::Bool(vec![false; rows]),
            ScalarType::Int | ScalarType::Timestamp | ScalarType::Duration | ScalarType::Date => {
                ColumnData::Int(vec![0; rows])
            }
            ScalarType::Float => ColumnData::Float(vec![0.0; rows]),
            ScalarType::Decimal { .. } | ScalarType::Uuid => ColumnData::Decimal(vec![0; rows]),
            ScalarType::String | ScalarType::Enum(_) => ColumnData::String(Strings::empty(rows)),
            ScalarType::Bytes | ScalarType::List(_) | ScalarType::Map(_) | ScalarType::Record(_) => {
                ColumnData::Values(vec![Value::Null; rows])
            }
        };
        Column { data, nulls: None }
    }

    /// An empty column to push to.
    pub fn new(ty: ScalarType) -> Column {
        Column::zeros(ty, 0)
    }

    pub fn len(&self) -> usize {
        match &self.data {
            ColumnData::Absent => 0,
            ColumnData::Bool(values) => values.len(),
            ColumnData::Int(values) => values.len(),
            ColumnData::Float(values) => values.len(),
            ColumnData::Decimal(values) => values.len(),
            ColumnData::String(values) => values.len(),
            ColumnData::Values(values) => values.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline]
    pub fn is_null(&self, row: usize) -> bool {
        self.nulls.as_ref().is_some_and(|nulls| nulls[row])
    }

    /// Makes room for as much as another column of the same type holds.
    pub fn reserve_like(&mut self, other: &Column) {
        match (&mut self.data, &other.data) {
            (ColumnData::Bool(values), ColumnData::Bool(others)) => values.reserve(others.len()),
            (ColumnData::Int(values), ColumnData::Int(others)) => values.reserve(others.len()),
            (ColumnData::Float(values), ColumnData::Float(others)) => values.reserve(others.len()),
            (ColumnData::Decimal(values), ColumnData::Decimal(others)) => values.reserve(others.len()),
            (ColumnData::String(values), ColumnData::String(others)) => {
                values.bytes.reserve(others.bytes.len());
                values.spans.reserve(others.spans.len());
            }
            (ColumnData::Values(values), ColumnData::Values(others)) => values.reserve(others.len()),
            _ => {}
        }
    }

    /// The values of these rows, in their order; `ty` is the column's type.
    pub fn gather(&self, ty: ScalarType, rows: &[u32]) -> Column {
        if matches!(self.data, ColumnData::Absent) {
            return Column::absent();
        }
        let mut column = Column::new(ty);
        for row in rows {
            column.push(&self.value(*row as usize, ty));
        }
        column
    }

    /// Marks a row as null.
    pub fn set_null(&mut self, row: usize) {
        let len = self.len();
        self.nulls.get_or_insert_with(|| vec![false; len])[row] = true;
    }

    /// Appends a row that is null.
    pub fn push_null(&mut self) {
        match &mut self.data {
            ColumnData::Absent => panic!("an absent column has no rows"),
            ColumnData::Bool(values) => values.push(false),
            ColumnData::Int(values) => values.push(0),
            ColumnData::Float(values) => values.push(0.0),
            ColumnData::Decimal(values) => values.push(0),
            ColumnData::String(values) => values.push(""),
            ColumnData::Values(values) => values.push(Value::Null),
        }
        let len = self.len();
        let nulls = self.nulls.get_or_insert_with(Vec::new);
        nulls.resize(len - 1, false);
        nulls.push(true);
    }

    /// Must be called after a value was pushed to `data` directly, where the column may hold nulls.
    pub fn pushed_value(&mut self) {
        if let Some(nulls) = &mut self.nulls {
            nulls.push(false);
        }
    }

    /// Appends a value of the column's type.
    pub fn push(&mut self, value: &Value) {
        match (&mut self.data, value) {
            (_, Value::Null) => return self.push_null(),
            (ColumnData::Bool(values), Value::Bool(value)) => values.push(*value),
            (
                ColumnData::Int(values),
                Value::Int(value) | Value::Timestamp(value) | Value::Duration(value) | Value::Date(value),
            ) => {
                values.push(*value);
            }
            (ColumnData::Float(values), Value::Float(value)) => values.push(*value),
            (ColumnData::Decimal(values), Value::Decimal(value)) => values.push(*value),
            (ColumnData::Decimal(values), Value::Uuid(value)) => values.push(uuid_digits(*value)),
            (ColumnData::String(values), Value::String(value)) => values.push(value),
            (
                ColumnData::Values(values),
                Value::Bytes(_) | Value::List(_) | Value::Map(_) | Value::Record(_),
            ) => values.push(value.clone()),
            (data, value) => panic!("{value:?} does not belong into {data:?}"),
        }
        self.pushed_value();
    }

    /// The value of a row, as what `ty` says it is.
    pub fn value(&self, row: usize, ty: ScalarType) -> Value {
        if self.is_null(row) {
            return Value::Null;
        }
        match &self.data {
            ColumnData::Absent => panic!("an absent column has no values"),
            ColumnData::Bool(values) => Value::Bool(values[row]),
            ColumnData::Int(values) => match ty {
                ScalarType::Timestamp => Value::Timestamp(values[row]),
                ScalarType::Duration => Value::Duration(values[row]),
                ScalarType::Date => Value::Date(values[row]),
                _ => Value::Int(values[row]),
            },
            ColumnData::Float(values) => Value::Float(values[row]),
            ColumnData::Decimal(values) if ty == ScalarType::Uuid => Value::Uuid(digits_uuid(values[row])),
            ColumnData::Decimal(values) => Value::Decimal(values[row]),
            ColumnData::String(values) => Value::String(values.get(row).into()),
            ColumnData::Values(values) => values[row].clone(),
        }
    }
}

/// The bytes that records came in, for those that leave as they came and for those that are set aside.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct RawRecords {
    bytes: Vec<u8>,
    /// For each row: start of the key, its end and start of the value, end of the value; and whether each is there.
    spans: Vec<RawSpan>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
struct RawSpan {
    timestamp: EventTime,
    start: u32,
    middle: u32,
    end: u32,
    has_key: bool,
    has_value: bool,
}

impl RawRecords {
    /// `timestamp`: the record's own, whatever its event time is.
    pub fn push(&mut self, timestamp: EventTime, key: Option<&[u8]>, value: Option<&[u8]>) {
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(key.unwrap_or_default());
        let middle = self.bytes.len() as u32;
        self.bytes.extend_from_slice(value.unwrap_or_default());
        let end = self.bytes.len() as u32;
        let (has_key, has_value) = (key.is_some(), value.is_some());
        self.spans.push(RawSpan { timestamp, start, middle, end, has_key, has_value });
    }

    pub fn timestamp(&self, row: usize) -> EventTime {
        self.spans[row].timestamp
    }

    pub fn key(&self, row: usize) -> Option<&[u8]> {
        let span = self.spans[row];
        span.has_key.then(|| &self.bytes[span.start as usize..span.middle as usize])
    }

    pub fn value(&self, row: usize) -> Option<&[u8]> {
        let span = self.spans[row];
        span.has_value.then(|| &self.bytes[span.middle as usize..span.end as usize])
    }

    pub fn len(&self) -> usize {
        self.spans.len()
    }

    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The records of these rows; the bytes are copied once, however often a row is there.
    pub fn gather(&self, rows: &[u32]) -> RawRecords {
        RawRecords {
            bytes: self.bytes.clone(),
            spans: rows.iter().map(|row| self.spans[*row as usize]).collect(),
        }
    }
}

/// Where the rows of a batch were read.
#[derive(Clone, PartialEq, Debug)]
pub struct Origin {
    pub topic: Arc<str>,
    pub partition: PartitionId,
    /// One for each physical row.
    pub offsets: Vec<Offset>,
}

/// Events with their columns. All vectors hold one value for each physical row; `selection` lists the live ones in order.
#[derive(Clone, PartialEq, Debug)]
pub struct Batch {
    pub columns: Vec<Arc<Column>>,
    pub times: Arc<Vec<EventTime>>,
    /// The watermark of the row's own source partition just before the row was read: what decides whether it is late,
    /// so that the answer does not depend on how partitions were interleaved.
    pub watermarks: Arc<Vec<EventTime>>,
    pub selection: Vec<u32>,
    /// Of a table's changes: true where the row is a deletion, of which only the key columns hold anything. None: none is.
    pub deleted: Option<Arc<Vec<bool>>>,
    /// There where the plan passes records through as they came, and where a route may need them.
    pub raw: Option<Arc<RawRecords>>,
    pub origin: Option<Arc<Origin>>,
}

impl Batch {
    /// Physical rows, dead ones included.
    pub fn rows(&self) -> usize {
        self.times.len()
    }

    pub fn is_empty(&self) -> bool {
        self.selection.is_empty()
    }

    /// Does this row delete its key's row?
    pub fn is_deleted(&self, row: usize) -> bool {
        self.deleted.as_ref().is_some_and(|deleted| deleted[row])
    }

    /// Takes the deletions out of the selection, so that expressions are worked out over rows alone.
    pub fn take_deletions(&mut self) -> Vec<u32> {
        let Some(deleted) = &self.deleted else { return Vec::new() };
        let (deletions, rows) = self.selection.iter().partition(|row| deleted[**row as usize]);
        self.selection = rows;
        deletions
    }

    /// Puts them back to where they stood.
    pub fn give_deletions(&mut self, deletions: Vec<u32>) {
        if !deletions.is_empty() {
            self.selection.extend(deletions);
            self.selection.sort_unstable();
        }
    }

    /// All selected rows but these become deletions.
    pub fn delete_all_but(&mut self, rows: &[u32]) {
        if rows.len() == self.selection.len() {
            return;
        }
        let mut deleted = match &self.deleted {
            Some(deleted) => deleted.to_vec(),
            None => vec![false; self.rows()],
        };
        for row in self.selection.iter().filter(|row| rows.binary_search(row).is_err()) {
            deleted[*row as usize] = true;
        }
        self.deleted = Some(Arc::new(deleted));
    }

    /// Rows that an operator has made of what it kept, all selected. They are never late by their own source: they come before the watermark that
    /// let them out is passed on.
    pub fn of_results(columns: Vec<Column>, times: Vec<EventTime>) -> Batch {
        let rows = times.len();
        Batch {
            columns: columns.into_iter().map(Arc::new).collect(),
            times: Arc::new(times),
            watermarks: Arc::new(vec![EventTime::MIN; rows]),
            selection: Batch::select_all(rows),
            deleted: None,
            raw: None,
            origin: None,
        }
    }

    /// The same rows, of which others are selected.
    pub fn with_selection(&self, selection: Vec<u32>) -> Batch {
        Batch {
            columns: self.columns.clone(),
            times: Arc::clone(&self.times),
            watermarks: Arc::clone(&self.watermarks),
            selection,
            deleted: self.deleted.clone(),
            raw: self.raw.clone(),
            origin: self.origin.clone(),
        }
    }

    /// All rows of `rows`.
    pub fn select_all(rows: usize) -> Vec<u32> {
        (0..rows as u32).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_and_values_keep_their_rows() {
        let mut column = Column::new(ScalarType::Int);
        for value in [Value::Int(1), Value::Null, Value::Int(3)] {
            column.push(&value);
        }
        assert_eq!(
            (column.len(), column.is_null(0), column.is_null(1), column.is_null(2)),
            (3, false, true, false)
        );
        assert_eq!(column.value(2, ScalarType::Timestamp), Value::Timestamp(3));
    }

    #[test]
    fn raw_records_tell_an_empty_key_from_none() {
        let mut raw = RawRecords::default();
        let time = EventTime::from_millis;
        raw.push(time(1), Some(b""), Some(b"{}"));
        raw.push(time(2), None, None);
        assert_eq!((raw.key(0), raw.value(0)), (Some(&b""[..]), Some(&b"{}"[..])));
        assert_eq!((raw.key(1), raw.value(1)), (None, None));
        assert_eq!((raw.timestamp(0), raw.timestamp(1)), (time(1), time(2)));
    }
}
