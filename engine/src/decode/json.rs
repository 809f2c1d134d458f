//! JSON objects into typed columns, in one pass: only the columns that the plan reads are decoded, everything is checked for form.

use super::nested;
use super::scan::{Scanner, unescape};
use super::why::why;
use crate::batch::{Column, ColumnData, uuid_digits};
use tidegate_model::time::parse_rfc3339;
use tidegate_model::value::parse_decimal;
use tidegate_model::{EventTime, ScalarType, Schema, Value};

/// Why a payload cannot be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DecodeError {
    /// Stable; goes into the header of the record that is set aside.
    pub code: &'static str,
    pub message: String,
}

impl DecodeError {
    pub(super) fn new(code: &'static str, message: String) -> DecodeError {
        DecodeError { code, message }
    }
}

/// Decodes the payloads of one source into the columns of its schema.
pub struct JsonDecoder {
    root: Vec<Field>,
    columns: Vec<ColumnSpec>,
    key: Option<usize>,
    payload_bytes_max: usize,
    builders: Vec<Column>,
    /// For each column the row that it was last seen in, counted from 1 over the decoder's life.
    seen: Vec<u64>,
    current: u64,
    rows: usize,
    scratch: String,
}

struct ColumnSpec {
    path: String,
    ty: ScalarType,
    nullable: bool,
    presence: bool,
    needed: bool,
}

struct Field {
    name: Box<[u8]>,
    /// `"name":`, as producers write it; names that need escapes never match.
    written: Box<[u8]>,
    target: Target,
}

impl Field {
    fn new(name: &str, target: Target) -> Field {
        Field { name: name.as_bytes().into(), written: format!("\"{name}\":").into_bytes().into(), target }
    }
}

enum Target {
    Leaf(usize),
    Record { presence: Option<usize>, fields: Vec<Field> },
}

impl JsonDecoder {
    /// `needed`: one flag for each column of the schema. `key`: the column whose text must be the record's key.
    pub fn new(
        schema: &Schema,
        needed: &[bool],
        key: Option<usize>,
        payload_bytes_max: usize,
    ) -> JsonDecoder {
        assert_eq!(schema.columns.len(), needed.len(), "one flag for each column");
        let columns: Vec<ColumnSpec> = schema
            .columns
            .iter()
            .zip(needed)
            .map(|(column, needed)| ColumnSpec {
                path: column.path.clone(),
                ty: column.ty,
                nullable: column.nullable,
                presence: column.presence,
                needed: *needed,
            })
            .collect();
        let mut root = Vec::new();
        for (index, column) in columns.iter().enumerate() {
            if column.needed {
                insert(&mut root, &column.path, index, column.presence);
            }
        }
        let mut decoder = JsonDecoder {
            root,
            seen: vec![0; columns.len()],
            builders: Vec::new(),
            columns,
            key,
            payload_bytes_max,
            current: 0,
            rows: 0,
            scratch: String::new(),
        };
        decoder.builders = decoder.fresh_builders();
        decoder
    }

    fn fresh_builders(&self) -> Vec<Column> {
        self.columns
            .iter()
            .map(|column| if column.needed { Column::new(column.ty) } else { Column::absent() })
            .collect()
    }

    /// Appends a row, or leaves the columns as they were.
    pub fn push(&mut self, payload: &[u8], key: Option<&[u8]>) -> Result<(), DecodeError> {
        self.current += 1;
        let result = self.decode(payload).and_then(|()| self.check_key(key));
        match result {
            Ok(()) => self.rows += 1,
            Err(_) => self.roll_back(),
        }
        result
    }

    /// The columns of all rows since the last call; those that are not needed are absent.
    pub fn finish(&mut self) -> Vec<Column> {
        let mut fresh = self.fresh_builders();
        // The next batch is most often as large as this one.
        for (column, last) in fresh.iter_mut().zip(&self.builders) {
            column.reserve_like(last);
        }
        self.rows = 0;
        std::mem::replace(&mut self.builders, fresh)
    }

    fn decode(&mut self, payload: &[u8]) -> Result<(), DecodeError> {
        if payload.len() > self.payload_bytes_max {
            let message = format!("{} bytes, and the limit is {}", payload.len(), self.payload_bytes_max);
            return Err(DecodeError::new("too_large", message));
        }
        let text = std::str::from_utf8(payload).map_err(|cause| {
            DecodeError::new(
                "not_utf8",
                format!("the payload is no UTF-8 from byte {} on", cause.valid_up_to()),
            )
        })?;
        let mut scanner = Scanner::new(text);
        scanner.skip_space();
        if scanner.peek() != Some(b'{') {
            // A well-formed value of another kind has the wrong type; anything else is no JSON.
            scanner.skip_value(0)?;
            return Err(DecodeError::new("wrong_type", "the payload is JSON, but no object".to_owned()));
        }
        let mut row = Row {
            columns: &self.columns,
            builders: &mut self.builders,
            seen: &mut self.seen,
            current: self.current,
            scratch: &mut self.scratch,
        };
        row.object(&self.root, &mut scanner, 0)?;
        scanner.skip_space();
        if scanner.peek().is_some() {
            return Err(scanner.error("the end of the payload"));
        }
        row.fill_missing()
    }

    /// What producers partition by must be what the topology says, or state would be found in the wrong partition.
    fn check_key(&self, key: Option<&[u8]>) -> Result<(), DecodeError> {
        let Some(column) = self.key else { return Ok(()) };
        let path = &self.columns[column].path;
        let Some(key) = key else {
            return Err(DecodeError::new(
                "null_key",
                format!("the record has no key, and its source says `key {path}`"),
            ));
        };
        let builder = &self.builders[column];
        let matches = match &builder.data {
            ColumnData::String(values) => {
                !builder.is_null(self.rows) && values.get(self.rows).as_bytes() == key
            }
            _ => {
                let ty = self.columns[column].ty;
                crate::expression::text(&builder.value(self.rows, ty), ty).as_bytes() == key
            }
        };
        if matches {
            return Ok(());
        }
        let key = String::from_utf8_lossy(key).into_owned();
        Err(DecodeError::new("key_mismatch", format!("the record's key {key:?} is not its field `{path}`")))
    }

    fn roll_back(&mut self) {
        for (builder, column) in self.builders.iter_mut().zip(&self.columns) {
            if column.needed {
                truncate(builder, self.rows);
            }
        }
    }
}

fn insert(fields: &mut Vec<Field>, path: &str, column: usize, presence: bool) {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let position = fields.iter().position(|field| *field.name == *name.as_bytes());
    match rest {
        None if !presence => fields.push(Field::new(name, Target::Leaf(column))),
        _ => {
            let position = position.unwrap_or_else(|| {
                let target = Target::Record { presence: None, fields: Vec::new() };
                fields.push(Field::new(name, target));
                fields.len() - 1
            });
            let Target::Record { presence: marker, fields } = &mut fields[position].target else {
                panic!("{path} is a field and a record")
            };
            match rest {
                None => *marker = Some(column),
                Some(rest) => insert(fields, rest, column, presence),
            }
        }
    }
}

fn truncate(column: &mut Column, rows: usize) {
    match &mut column.data {
        ColumnData::Absent => {}
        ColumnData::Bool(values) => values.truncate(rows),
        ColumnData::Int(values) => values.truncate(rows),
        ColumnData::Float(values) => values.truncate(rows),
        ColumnData::Decimal(values) => values.truncate(rows),
        ColumnData::String(values) => values.truncate(rows),
        ColumnData::Values(values) => values.truncate(rows),
    }
    if let Some(nulls) = &mut column.nulls {
        nulls.truncate(rows);
    }
}

/// The row that is being decoded.
struct Row<'a> {
    columns: &'a [ColumnSpec],
    builders: &'a mut [Column],
    seen: &'a mut [u64],
    current: u64,
    scratch: &'a mut String,
}

impl Row<'_> {
    fn object(
        &mut self,
        fields: &[Field],
        scanner: &mut Scanner<'_>,
        depth: usize,
    ) -> Result<(), DecodeError> {
        scanner.enter(depth)?;
        scanner.skip_space();
        if scanner.peek() == Some(b'}') {
            scanner.at += 1;
            return Ok(());
        }
        // Producers write fields in one order, so the next field is most often the one behind the last that was found.
        let mut next = 0;
        loop {
            scanner.skip_space();
            let found = match fields.get(next) {
                Some(field) if scanner.take(&field.written) => Some(next),
                _ => key(fields, scanner, next)?,
            };
            scanner.skip_space();
            match found {
                None => scanner.skip_value(depth + 1)?,
                Some(index) => {
                    next = index + 1;
                    match &fields[index].target {
                        Target::Leaf(column) => self.leaf(*column, scanner, depth)?,
                        Target::Record { presence, fields } => {
                            self.record(*presence, fields, scanner, depth)?
                        }
                    }
                }
            }
            if scanner.last(b'}')? {
                return Ok(());
            }
        }
    }

    fn record(
        &mut self,
        presence: Option<usize>,
        fields: &[Field],
        scanner: &mut Scanner<'_>,
        depth: usize,
    ) -> Result<(), DecodeError> {
        let there = scanner.peek() == Some(b'{');
        if let Some(column) = presence {
            self.mark(column)?;
            let ColumnData::Bool(values) = &mut self.builders[column].data else {
                panic!("presence is a bool")
            };
            values.push(there);
            self.builders[column].pushed_value();
        }
        if there {
            return self.object(fields, scanner, depth + 1);
        }
        if scanner.peek() == Some(b'n') {
            return scanner.literal("null");
        }
        scanner.skip_value(depth + 1)?;
        Err(DecodeError::new("wrong_type", format!("a record is expected before byte {}", scanner.at)))
    }

    fn mark(&mut self, column: usize) -> Result<(), DecodeError> {
        if self.seen[column] == self.current {
            let message = format!("the field `{}` is there twice", self.columns[column].path);
            return Err(DecodeError::new("duplicate_field", message));
        }
        self.seen[column] = self.current;
        Ok(())
    }

    fn leaf(&mut self, column: usize, scanner: &mut Scanner<'_>, depth: usize) -> Result<(), DecodeError> {
        self.mark(column)?;
        let spec = &self.columns[column];
        let start = scanner.at;
        let wrong = |found: &str| {
            let why = why(found, spec.ty);
            let message = format!("`{}` at byte {start} is {found}, and must be {}{why}", spec.path, spec.ty);
            DecodeError::new("wrong_type", message)
        };
        match scanner.peek() {
            Some(b'n') => {
                scanner.literal("null")?;
                if !spec.nullable {
                    let message = format!(
                        "`{}` at byte {start} is null, and its type `{}` is not nullable",
                        spec.path, spec.ty
                    );
                    return Err(DecodeError::new("missing_field", message));
                }
                self.builders[column].push_null();
                return Ok(());
            }
            Some(b'"') => {
                let (raw, escaped) = scanner.string()?;
                let text = if escaped {
                    self.scratch.clear();
                    unescape(raw, self.scratch);
                    self.scratch.as_str()
                } else {
                    raw
                };
                if !push_text(&mut self.builders[column], spec.ty, text) {
                    return Err(wrong(&format!("{text:?}")));
                }
            }
            Some(b'-' | b'0'..=b'9') => {
                let number = scanner.number()?;
                if !push_number(&mut self.builders[column], spec.ty, number) {
                    return Err(wrong(number));
                }
            }
            Some(word @ (b't' | b'f')) => {
                scanner.literal(if word == b't' { "true" } else { "false" })?;
                let ColumnData::Bool(values) = &mut self.builders[column].data else {
                    return Err(wrong("a bool"));
                };
                values.push(word == b't');
            }
            Some(b'[' | b'{') if spec.ty.is_nested() => {
                let value = nested::read(scanner, spec.ty, &spec.path, depth + 1)?;
                self.builders[column].push(&value);
                return Ok(());
            }
            _ => {
                scanner.skip_value(depth + 1)?;
                return Err(wrong("a record or an array"));
            }
        }
        self.builders[column].pushed_value();
        Ok(())
    }

    fn fill_missing(&mut self) -> Result<(), DecodeError> {
        for (column, spec) in self.columns.iter().enumerate() {
            if !spec.needed || self.seen[column] == self.current {
                continue;
            }
            if spec.presence {
                let ColumnData::Bool(values) = &mut self.builders[column].data else {
                    panic!("presence is a bool")
                };
                values.push(false);
                self.builders[column].pushed_value();
            } else if spec.nullable {
                self.builders[column].push_null();
            } else {
                let message =
                    format!("`{}` is missing, and its type `{}` is not nullable", spec.path, spec.ty);
                return Err(DecodeError::new("missing_field", message));
            }
        }
        Ok(())
    }
}

/// The field that stands here, if it is one that is wanted; the scanner goes on behind its colon.
fn key(fields: &[Field], scanner: &mut Scanner<'_>, next: usize) -> Result<Option<usize>, DecodeError> {
    let (raw, escaped) = scanner.string()?;
    scanner.skip_space();
    scanner.expect(b':', "a colon")?;
    if !escaped {
        return Ok(find(fields, raw.as_bytes(), next));
    }
    let mut name = String::new();
    unescape(raw, &mut name);
    Ok(find(fields, name.as_bytes(), next))
}

#[inline]
fn find(fields: &[Field], name: &[u8], next: usize) -> Option<usize> {
    if fields.get(next).is_some_and(|field| *field.name == *name) {
        return Some(next);
    }
    fields.iter().position(|field| *field.name == *name)
}

/// False: the text is no value of the type.
fn push_text(column: &mut Column, ty: ScalarType, text: &str) -> bool {
    match &mut column.data {
        ColumnData::String(values) => match ty {
            ScalarType::Enum(names) if !names.has(text) => return false,
            _ => values.push(text),
        },
        ColumnData::Decimal(values) => match decimal(text, ty) {
            Some(digits) => values.push(digits),
            None => return push_rare(column, ty, text),
        },
        ColumnData::Int(values) if ty == ScalarType::Timestamp => match parse_rfc3339(text.as_bytes()) {
            Some(time) if time.has_calendar_date() => values.push(time.micros()),
            _ => return false,
        },
        _ => return push_rare(column, ty, text),
    }
    true
}

/// Kinds that are rarer are read as they are in lists. The caller marks the value as pushed.
fn push_rare(column: &mut Column, ty: ScalarType, text: &str) -> bool {
    match (&mut column.data, nested::from_text(text, ty)) {
        (ColumnData::Int(values), Some(Value::Date(days))) => values.push(days),
        (ColumnData::Int(values), Some(Value::Duration(micros))) => values.push(micros),
        (ColumnData::Decimal(values), Some(Value::Uuid(uuid))) => values.push(uuid_digits(uuid)),
        (ColumnData::Values(values), Some(bytes @ Value::Bytes(_))) => values.push(bytes),
        _ => return false,
    }
    true
}

fn push_number(column: &mut Column, ty: ScalarType, number: &str) -> bool {
    match &mut column.data {
        ColumnData::Decimal(values) => match decimal(number, ty) {
            Some(digits) => values.push(digits),
            None => return false,
        },
        ColumnData::Int(values) => {
            // Timestamps and durations are milliseconds in JSON, microseconds here.
            let unit = match ty {
                ScalarType::Int => 1,
                ScalarType::Date => return false,
                _ => 1000,
            };
            match number.parse::<i64>().ok().and_then(|number| number.checked_mul(unit)) {
                Some(micros) if ty == ScalarType::Timestamp => {
                    if !EventTime::from_micros(micros).has_calendar_date() {
                        return false;
                    }
                    values.push(micros);
                }
                Some(number) => values.push(number),
                None => return false,
            }
        }
        ColumnData::Float(values) => match number.parse::<f64>() {
            Ok(number) if number.is_finite() => values.push(number),
            _ => return false,
        },
        _ => return false,
    }
    true
}

/// 10 to the power of 0 to 38.
const POWERS_OF_TEN: [u128; 39] = {
    let mut powers = [1; 39];
    let mut exponent = 1;
    while exponent < powers.len() {
        powers[exponent] = powers[exponent - 1] * 10;
        exponent += 1;
    }
    powers
};

/// Exact at the type's scale, and within its precision. None too if the type is no decimal: uuids are in such columns as well.
pub(super) fn decimal(text: &str, ty: ScalarType) -> Option<i128> {
    let ScalarType::Decimal { precision, scale } = ty else { return None };
    let digits = parse_decimal(text.as_bytes(), scale)?;
    (digits.unsigned_abs() < POWERS_OF_TEN[usize::from(precision.min(38))]).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tidegate_model::Column as SchemaColumn;

    fn schema() -> Schema {
        Schema::new(vec![
            SchemaColumn::new("card", ScalarType::String),
            SchemaColumn::new("amount", ScalarType::Decimal { precision: 18, scale: 2 }),
            SchemaColumn::new("merchant.currency", ScalarType::String),
            SchemaColumn::presence("geo"),
            SchemaColumn::nullable("geo.lat", ScalarType::Float),
            SchemaColumn::new("at", ScalarType::Timestamp),
            SchemaColumn::nullable("n", ScalarType::Int),
            SchemaColumn::nullable("ok", ScalarType::Bool),
        ])
    }

    fn decode(payload: &[u8], key: Option<&[u8]>) -> Result<Vec<Value>, DecodeError> {
        let schema = schema();
        let mut decoder = JsonDecoder::new(&schema, &[true; 8], Some(0), 400);
        decoder.push(payload, key)?;
        let columns = decoder.finish();
        Ok(columns.iter().zip(&schema.columns).map(|(column, spec)| column.value(0, spec.ty)).collect())
    }

    const GOOD: &str = r#"{"id":[1,{"a":null}],"card":"c\u00e91","amount":"12.5","merchant":{"x":{},"currency":"EUR"},"at":1700000000000}"#;

    #[test]
    fn needed_fields_are_read_and_others_are_passed_over() {
        let row = decode(GOOD.as_bytes(), Some("cé1".as_bytes())).expect("decodes");
        assert_eq!(row[0], Value::String("cé1".into()));
        assert_eq!(row[1], Value::Decimal(1250));
        assert_eq!(row[2], Value::String("EUR".into()));
        assert_eq!((&row[3], &row[4]), (&Value::Bool(false), &Value::Null));
        assert_eq!(row[5], Value::Timestamp(1_700_000_000_000_000));
        let full = r#" {"geo":{"lat":1.5e0},"at":"2023-11-14T22:13:20Z","merchant":{"currency":""},"amount":-3,"card":"c","n":7,"ok":true} "#;
        let row = decode(full.as_bytes(), Some(b"c")).expect("decodes");
        assert_eq!(
            (&row[3], &row[4], &row[6], &row[7]),
            (&Value::Bool(true), &Value::Float(1.5), &Value::Int(7), &Value::Bool(true))
        );
        assert_eq!((&row[1], &row[5]), (&Value::Decimal(-300), &Value::Timestamp(1_700_000_000_000_000)));
    }

    #[test]
    fn what_cannot_be_used_is_named_by_code_and_place() {
        let with = |from: &str, to: &str| GOOD.replace(from, to);
        let cases = [
            (with("\"EUR\"}", "\"EUR\""), "malformed_json", "a comma or `}`"),
            (GOOD.to_owned() + "x", "malformed_json", "the end of the payload is expected"),
            (
                with("\"12.5\"", "\"12.505\""),
                "wrong_type",
                "`amount` at byte 48 is \"12.505\", and must be decimal(18,2): it has 3 digits behind the point",
            ),
            (with("\"12.5\"", "true"), "wrong_type", "must be decimal(18,2)"),
            (with("\"card\"", "\"cart\""), "missing_field", "`card` is missing"),
            (with("\"EUR\"", "null"), "missing_field", "`merchant.currency`"),
            (with("\"id\"", "\"amount\":1,\"id\""), "duplicate_field", "`amount` is there twice"),
            (with("1700000000000", "99999999999999999999"), "wrong_type", "must be timestamp"),
            (with("1700000000000", "253402300800000"), "wrong_type", "must be timestamp"),
            (with("1700000000000", "-9223372036854775"), "wrong_type", "must be timestamp"),
            ("[1]".to_owned(), "wrong_type", "no object"),
            (String::new(), "malformed_json", "not the end"),
            (
                with("\"id\"", &format!("\"x\":\"{}\",\"id\"", "y".repeat(400))),
                "too_large",
                "the limit is 400",
            ),
            (with("[1,", &format!("[{}1{},", "[".repeat(70), "]".repeat(70))), "too_deep", "64 levels"),
        ];
        for (payload, code, message) in cases {
            let error = decode(payload.as_bytes(), Some("cé1".as_bytes())).expect_err(&payload);
            assert_eq!(error.code, code, "{payload}: {}", error.message);
            assert!(error.message.contains(message), "{payload}: {}", error.message);
        }
        assert_eq!(decode(GOOD.as_bytes(), None).expect_err("no key").code, "null_key");
        assert_eq!(decode(GOOD.as_bytes(), Some(b"c2")).expect_err("another key").code, "key_mismatch");
        assert_eq!(decode(b"\xFF", None).expect_err("no text").code, "not_utf8");
    }

    #[test]
    fn a_bad_row_leaves_the_others_as_they_were() {
        let schema = schema();
        let mut decoder = JsonDecoder::new(&schema, &[true; 8], None, 1 << 20);
        let good = |card: &str| GOOD.replace("c\\u00e91", card);
        decoder.push(good("a").as_bytes(), None).expect("good");
        decoder.push(good("b").replace("1700000000000", "\"never\"").as_bytes(), None).expect_err("bad");
        decoder.push(good("c").as_bytes(), None).expect("good");
        let columns = decoder.finish();
        let cards: Vec<Value> = (0..2).map(|row| columns[0].value(row, ScalarType::String)).collect();
        assert_eq!(cards, [Value::String("a".into()), Value::String("c".into())]);
        assert!(columns.iter().all(|column| column.len() == 2));
    }

    proptest! {
        /// serde_json and this scanner accept the same texts.
        #[test]
        fn form_is_judged_as_serde_json_does(mut payload in Just(GOOD.as_bytes().to_vec()), edits in proptest::collection::vec((any::<prop::sample::Index>(), prop_oneof![
            any::<u8>(), prop::sample::select(b"{}[]\",:\\u0e-.nt ".to_vec())]), 0..4)) {
            for (index, byte) in edits {
                let at = index.index(payload.len());
                payload[at] = byte;
            }
            let schema = Schema::new(vec![SchemaColumn::nullable("never there", ScalarType::Int)]);
            let ours = JsonDecoder::new(&schema, &[true], None, 1 << 20).push(&payload, None);
            let theirs = serde_json::from_slice::<serde_json::Value>(&payload);
            let theirs_accepts = theirs.as_ref().is_ok_and(serde_json::Value::is_object);
            // serde_json also refuses numbers that overflow a float, which is a matter of type here.
            let out_of_range = theirs.as_ref().is_err_and(|cause| cause.to_string().contains("out of range"));
            prop_assert!(out_of_range || ours.is_ok() == theirs_accepts, "{:?} against {:?}", ours, theirs);
        }

        #[test]
        fn any_bytes_are_decoded_without_panic(payload: Vec<u8>) {
            if let Ok(row) = decode(&payload, Some(b"k")) {
                prop_assert_eq!(row.len(), 8);
            }
        }
    }
}
