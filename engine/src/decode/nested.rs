//! Lists, maps, and the records in them, from JSON: read by recursion, value by value. The scanner bounds the depth.

use super::json::{DecodeError, decimal};
use super::scan::{Scanner, unescape};
use super::why::why;
use tidegate_model::nested::ELEMENTS_MAX;
use tidegate_model::text::{parse_base64, parse_date, parse_uuid};
use tidegate_model::time::parse_rfc3339;
use tidegate_model::{Element, EventTime, RecordType, ScalarType, Span, Value};

/// Reads a value that is not null. `path` names it in messages; `depth` is how many brackets are open around it.
pub(super) fn read(
    scanner: &mut Scanner<'_>,
    ty: ScalarType,
    path: &str,
    depth: usize,
) -> Result<Value, DecodeError> {
    let start = scanner.at;
    let wrong = |found: &str| {
        let why = why(found, ty);
        DecodeError::new("wrong_type", format!("`{path}` at byte {start} is {found}, and must be {ty}{why}"))
    };
    match (scanner.peek(), ty) {
        (Some(b'['), ScalarType::List(element)) => list(scanner, element, path, depth),
        (Some(b'{'), ScalarType::Map(map)) => {
            let mut entries = Vec::new();
            members(scanner, path, depth, |scanner, name, path| {
                let key = from_text(&name, map.key).ok_or_else(|| {
                    let message = format!("the key {name:?} of `{path}` must be {}", map.key);
                    DecodeError::new("wrong_type", message)
                })?;
                let at = format!("{path}[{name:?}]");
                entries.push((key, element_value(scanner, &map.value, &at, depth)?));
                Ok(())
            })?;
            let read = entries.len();
            match Value::map(entries) {
                Value::Map(entries) if entries.len() < read => {
                    let message = format!("a key of `{path}` is there twice");
                    Err(DecodeError::new("duplicate_field", message))
                }
                map => Ok(map),
            }
        }
        (Some(b'{'), ScalarType::Record(record)) => read_record(scanner, record, path, depth),
        // Numbers stand without quotes, but those that are exact in them only.
        (Some(b'"'), ScalarType::Int) => {
            let text = string(scanner)?;
            Err(wrong(&format!("{text:?}")))
        }
        (Some(b'"'), _) => {
            let text = string(scanner)?;
            match from_text(&text, ty) {
                Some(value) => Ok(value),
                None => Err(wrong(&format!("{text:?}"))),
            }
        }
        (Some(b'-' | b'0'..=b'9'), _) => {
            let number = scanner.number()?;
            from_number(number, ty).ok_or_else(|| wrong(number))
        }
        (Some(word @ (b't' | b'f')), _) => {
            scanner.literal(if word == b't' { "true" } else { "false" })?;
            match ty {
                ScalarType::Bool => Ok(Value::Bool(word == b't')),
                _ => Err(wrong("a bool")),
            }
        }
        (Some(bracket @ (b'[' | b'{')), _) => {
            scanner.skip_value(depth)?;
            Err(wrong(if bracket == b'[' { "an array" } else { "an object" }))
        }
        _ => Err(scanner.error("a value")),
    }
}

/// A value that may be null if its type says so.
fn element_value(
    scanner: &mut Scanner<'_>,
    element: &Element,
    path: &str,
    depth: usize,
) -> Result<Value, DecodeError> {
    scanner.skip_space();
    if scanner.peek() != Some(b'n') {
        return read(scanner, element.ty, path, depth + 1);
    }
    let at = scanner.at;
    scanner.literal("null")?;
    if element.nullable {
        return Ok(Value::Null);
    }
    let message = format!("`{path}` at byte {at} is null, and its type `{}` is not nullable", element.ty);
    Err(DecodeError::new("missing_field", message))
}

fn list(
    scanner: &mut Scanner<'_>,
    element: &Element,
    path: &str,
    depth: usize,
) -> Result<Value, DecodeError> {
    scanner.enter(depth)?;
    scanner.skip_space();
    let mut values = Vec::new();
    if scanner.peek() == Some(b']') {
        scanner.at += 1;
        return Ok(Value::List(values.into()));
    }
    loop {
        bounded(values.len(), path)?;
        values.push(element_value(scanner, element, &format!("{path}[{}]", values.len()), depth)?);
        if scanner.last(b']')? {
            return Ok(Value::List(values.into()));
        }
    }
}

fn read_record(
    scanner: &mut Scanner<'_>,
    record: &RecordType,
    path: &str,
    depth: usize,
) -> Result<Value, DecodeError> {
    let mut values: Vec<Option<Value>> = vec![None; record.fields.len()];
    members(scanner, path, depth, |scanner, name, path| {
        let Some(index) = record.index_of(&name) else { return scanner.skip_value(depth + 1) };
        if values[index].is_some() {
            let message = format!("the field `{path}.{name}` is there twice");
            return Err(DecodeError::new("duplicate_field", message));
        }
        let at = format!("{path}.{name}");
        values[index] = Some(element_value(scanner, &record.fields[index].element, &at, depth)?);
        Ok(())
    })?;
    let whole = values.into_iter().zip(&record.fields).map(|(value, field)| match value {
        Some(value) => Ok(value),
        None if field.element.nullable => Ok(Value::Null),
        None => {
            let message = format!(
                "`{path}.{}` is missing, and its type `{}` is not nullable",
                field.name, field.element.ty
            );
            Err(DecodeError::new("missing_field", message))
        }
    });
    Ok(Value::Record(whole.collect::<Result<_, _>>()?))
}

/// The members of an object; the scanner stands on each one's value when `take` gets its name.
fn members<'a>(
    scanner: &mut Scanner<'a>,
    path: &str,
    depth: usize,
    mut take: impl FnMut(&mut Scanner<'a>, String, &str) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    scanner.enter(depth)?;
    scanner.skip_space();
    if scanner.peek() == Some(b'}') {
        scanner.at += 1;
        return Ok(());
    }
    let mut count = 0;
    loop {
        bounded(count, path)?;
        count += 1;
        scanner.skip_space();
        let name = string(scanner)?;
        scanner.skip_space();
        scanner.expect(b':', "a colon")?;
        scanner.skip_space();
        take(scanner, name, path)?;
        if scanner.last(b'}')? {
            return Ok(());
        }
    }
}

fn bounded(count: usize, path: &str) -> Result<(), DecodeError> {
    if count < ELEMENTS_MAX {
        return Ok(());
    }
    Err(DecodeError::new("too_large", format!("`{path}` has more than {ELEMENTS_MAX} elements")))
}

fn string(scanner: &mut Scanner<'_>) -> Result<String, DecodeError> {
    let (raw, escaped) = scanner.string()?;
    if !escaped {
        return Ok(raw.to_owned());
    }
    let mut text = String::new();
    unescape(raw, &mut text);
    Ok(text)
}

/// A JSON string, or a member's name, as a value of a type. None: it is no value of it.
pub(super) fn from_text(text: &str, ty: ScalarType) -> Option<Value> {
    match ty {
        ScalarType::String => Some(Value::String(text.into())),
        ScalarType::Enum(names) => names.has(text).then(|| Value::String(text.into())),
        ScalarType::Decimal { .. } => decimal(text, ty).map(Value::Decimal),
        ScalarType::Timestamp => {
            let time = parse_rfc3339(text.as_bytes())?;
            time.has_calendar_date().then(|| Value::Timestamp(time.micros()))
        }
        ScalarType::Date => parse_date(text).map(Value::Date),
        ScalarType::Uuid => parse_uuid(text).map(Value::Uuid),
        ScalarType::Bytes => parse_base64(text).map(|bytes| Value::Bytes(bytes.into())),
        // Only the names of a map's entries are ints: elsewhere they are numbers.
        ScalarType::Int => text.parse().ok().map(Value::Int),
        ScalarType::Duration => Span::parse(text).map(|span| Value::Duration(span.micros())),
        ScalarType::Bool | ScalarType::Float => None,
        ScalarType::List(_) | ScalarType::Map(_) | ScalarType::Record(_) => None,
    }
}

fn from_number(number: &str, ty: ScalarType) -> Option<Value> {
    let millis = || number.parse::<i64>().ok().and_then(|millis| millis.checked_mul(1000));
    match ty {
        ScalarType::Int => number.parse().ok().map(Value::Int),
        ScalarType::Float => number.parse::<f64>().ok().filter(|float| float.is_finite()).map(Value::Float),
        ScalarType::Decimal { .. } => decimal(number, ty).map(Value::Decimal),
        ScalarType::Timestamp => {
            let micros = millis()?;
            EventTime::from_micros(micros).has_calendar_date().then_some(Value::Timestamp(micros))
        }
        ScalarType::Duration => millis().map(Value::Duration),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::JsonDecoder;
    use crate::arbitrary::{any_type, any_value};
    use crate::batch::Column;
    use crate::encode::JsonEncoder;
    use proptest::prelude::*;
    use std::sync::Arc;
    use tidegate_model::plan::JsonFormat;
    use tidegate_model::{Column as SchemaColumn, EnumType, ScalarType, Schema, Value, nested};

    fn decode(schema: &Schema, payload: &[u8]) -> Result<Vec<Column>, (String, String)> {
        let needed = vec![true; schema.columns.len()];
        let mut decoder = JsonDecoder::new(schema, &needed, None, 1 << 20);
        decoder.push(payload, None).map_err(|error| (error.code.to_owned(), error.message))?;
        Ok(decoder.finish())
    }

    fn one(ty: ScalarType) -> Schema {
        Schema::new(vec![SchemaColumn::nullable("v", ty)])
    }

    fn lines() -> ScalarType {
        let field = |name: &str, ty, nullable| nested::RecordField {
            name: name.to_owned(),
            element: nested::Element { ty, nullable },
        };
        let status = nested::enumeration(EnumType {
            name: "Status".to_owned(),
            variants: vec!["placed".to_owned(), "paid".to_owned()],
        });
        let fields = vec![
            field("sku", ScalarType::String, false),
            field("n", ScalarType::Int, true),
            field("status", ScalarType::Enum(status), false),
            field("table", ScalarType::map(ScalarType::Int, ScalarType::Bool, false), true),
        ];
        ScalarType::list(ScalarType::Record(nested::record(nested::RecordType { fields })), false)
    }

    #[test]
    fn what_is_wrong_in_a_list_is_named_by_its_path() {
        let schema = one(lines());
        let good = r#"{"v":[{"x":[{}],"sku":"a","status":"paid","table":{"1":true}} , {"sku":"b","n":null,"status":"placed"}]}"#;
        assert_eq!(decode(&schema, good.as_bytes()).expect("good")[0].len(), 1);
        let with = |from: &str, to: &str| good.replace(from, to);
        let cases = [
            (
                with("\"paid\"", "\"sent\""),
                "wrong_type",
                "`v[0].status` at byte 35 is \"sent\", and must be Status",
            ),
            (with("\"sku\":\"b\"", "\"sku\":1"), "wrong_type", "is 1, and must be string"),
            (with("\"sku\":\"b\",", ""), "missing_field", "`v[1].sku` is missing"),
            (with("\"n\":null", "\"n\":\"1\""), "wrong_type", "`v[1].n`"),
            (with("\"status\":\"placed\"", "\"status\":null"), "missing_field", "`v[1].status`"),
            (
                with("\"status\":\"placed\"", "\"status\":\"paid\",\"status\":\"paid\""),
                "duplicate_field",
                "`v[1].status` is there twice",
            ),
            (with("\"1\":true", "\"one\":true"), "wrong_type", "the key \"one\" of `v[0].table` must be int"),
            (
                with("\"1\":true", "\"1\":true,\"1\":false"),
                "duplicate_field",
                "a key of `v[0].table` is there twice",
            ),
            (
                with("\"1\":true", "\"1\":[1]"),
                "wrong_type",
                "`v[0].table[\"1\"]` at byte 55 is an array, and must be bool",
            ),
            (with("{\"1\":true}", "[]"), "wrong_type", "`v[0].table` at byte 50 is an array"),
            (with("}]}", "}}"), "malformed_json", "a comma or `]`"),
            ("{\"v\":{}}".to_owned(), "wrong_type", "`v` at byte 5 is an object"),
            ("{\"v\":7}".to_owned(), "wrong_type", "`v` at byte 5 is 7"),
        ];
        for (payload, code, message) in cases {
            let (found, told) = decode(&schema, payload.as_bytes()).expect_err(&payload);
            assert_eq!(found, code, "{payload}: {told}");
            assert!(told.contains(message), "{payload}: {told}");
        }
    }

    #[test]
    fn depth_and_length_are_bounded() {
        let schema = one(ScalarType::list(ScalarType::Int, false));
        let many = format!("{{\"v\":[{}1]}}", "1,".repeat(nested::ELEMENTS_MAX));
        assert_eq!(decode(&schema, many.as_bytes()).expect_err("too many").0, "too_large");
        let fields = vec![nested::RecordField {
            name: "a".to_owned(),
            element: nested::Element { ty: ScalarType::Int, nullable: true },
        }];
        let record = ScalarType::Record(nested::record(nested::RecordType { fields }));
        let deep = format!("{{\"v\":[{{\"x\":{}{}}}]}}", "[".repeat(80), "]".repeat(80));
        let error = decode(&one(ScalarType::list(record, false)), deep.as_bytes()).expect_err("too deep");
        assert_eq!(error.0, "too_deep");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            (ty, value) in any_type().prop_flat_map(|ty| (Just(ty), any_value(ty)))) {
            let schema = one(ty);
            let mut column = Column::new(ty);
            column.push(&value);
            let mut payload = Vec::new();
            JsonEncoder::new(&schema, JsonFormat::default()).encode_row(&[Arc::new(column)], 0, &mut payload);
            let read = decode(&schema, &payload);
            prop_assert!(read.is_ok(), "{}: {:?}", String::from_utf8_lossy(&payload), read);
            let read = read.expect("it was asked")[0].value(0, ty);
            prop_assert_eq!(read.compare(&value), std::cmp::Ordering::Equal, "{:?} of {}", read, String::from_utf8_lossy(&payload));
            prop_assert!(value == Value::Null || read.is_of(ty));
        }

        #[test]
        fn garbage_is_refused_or_of_the_type(
            (ty, value) in any_type().prop_flat_map(|ty| (Just(ty), any_value(ty))),
            edits in proptest::collection::vec((any::<prop::sample::Index>(), prop_oneof![
                any::<u8>(), prop::sample::select(b"{}[]\",:\\u0e-.nt ".to_vec())]), 1..4)) {
            let schema = one(ty);
            let mut column = Column::new(ty);
            column.push(&value);
            let mut payload = Vec::new();
            JsonEncoder::new(&schema, JsonFormat::default()).encode_row(&[Arc::new(column)], 0, &mut payload);
            for (index, byte) in edits {
                let at = index.index(payload.len());
                payload[at] = byte;
            }
            // What is accepted is a whole value of the type; and it is JSON. A number that nobody reads may be larger than any float.
            if let Ok(columns) = decode(&schema, &payload) {
                let read = columns[0].value(0, ty);
                prop_assert!(read == Value::Null || read.is_of(ty), "{:?}", read);
                let other = serde_json::from_slice::<serde_json::Value>(&payload);
                let is_json = other.map_or_else(|error| error.to_string().contains("out of range"), |_| true);
                prop_assert!(is_json, "{}", String::from_utf8_lossy(&payload));
            }
        }
    }
}
