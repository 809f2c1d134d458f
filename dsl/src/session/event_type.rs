//! The type of an event that is given as JSON, from its values.

use crate::check::typed::Type;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;
use tidegate_model::nested::TYPE_DEPTH_MAX;
use tidegate_model::{Element, ScalarType};

/// Digits of a decimal, and those behind its point.
const DIGITS_MAX: usize = 38;
const SCALE_MAX: usize = 18;
/// What amounts are declared with most often; more only where it is needed.
const DIGITS: usize = 18;

/// What values that were met have in common.
#[derive(Clone, PartialEq, Debug)]
struct Guess {
    /// None: nothing but null was met.
    kind: Option<Kind>,
    nullable: bool,
}

#[derive(Clone, PartialEq, Debug)]
enum Kind {
    Bool,
    Number(Number),
    String,
    /// None: all lists were empty.
    List(Option<Box<Guess>>),
    Record(Vec<(String, Guess)>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Number {
    /// Digits before and behind the point.
    whole: usize,
    scale: usize,
    /// It has a point, or is no 64-bit number.
    is_decimal: bool,
    /// Written with an exponent.
    is_float: bool,
}

/// The type of the record that a JSON object is.
pub(super) fn of_json(text: &str) -> Result<Type, String> {
    let guess = guess(text, 0)?;
    match guess.kind {
        Some(Kind::Record(_)) => settle(guess),
        _ => Err("an event is a JSON object, such as {\"id\": \"p1\", \"amount\": 10.00}".to_owned()),
    }
}

fn guess(raw: &str, depth: usize) -> Result<Guess, String> {
    if depth > TYPE_DEPTH_MAX {
        return Err(format!("the event has more than {TYPE_DEPTH_MAX} levels of lists and records"));
    }
    let wrong = |error: serde_json::Error| format!("the event is no JSON: {error}");
    let raw = raw.trim();
    let kind = match raw.as_bytes().first() {
        Some(b'{') => {
            let Fields(fields) = serde_json::from_str(raw).map_err(wrong)?;
            let mut record: Vec<(String, Guess)> = Vec::new();
            // What has no name of the language cannot be read by an expression.
            for (name, value) in fields.into_iter().filter(|(name, _)| is_name(name)) {
                if record.iter().any(|(known, _)| *known == name) {
                    return Err(format!("the field `{name}` is there twice"));
                }
                record.push((name, guess(value.get(), depth + 1)?));
            }
            Kind::Record(record)
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(raw).map_err(wrong)?;
            let mut common: Option<Guess> = None;
            for item in items {
                let item = guess(item.get(), depth + 1)?;
                common = Some(match common {
                    None => item,
                    Some(common) => merge(common, item)?,
                });
            }
            Kind::List(common.map(Box::new))
        }
        _ => match serde_json::from_str(raw).map_err(wrong)? {
            serde_json::Value::Null => return Ok(Guess { kind: None, nullable: true }),
            serde_json::Value::Bool(_) => Kind::Bool,
            serde_json::Value::Number(_) => Kind::Number(number(raw)),
            _ => Kind::String,
        },
    };
    Ok(Guess { kind: Some(kind), nullable: false })
}

fn number(raw: &str) -> Number {
    let digits = raw.trim_start_matches('-');
    let (whole, behind) = digits.split_once('.').unwrap_or((digits, ""));
    let is_decimal = raw.contains('.') || raw.parse::<i64>().is_err();
    Number { whole: whole.len(), scale: behind.len(), is_decimal, is_float: raw.contains(['e', 'E']) }
}

fn merge(a: Guess, b: Guess) -> Result<Guess, String> {
    let nullable = a.nullable || b.nullable;
    let kind = match (a.kind, b.kind) {
        (None, kind) | (kind, None) => kind,
        (Some(a), Some(b)) => Some(match (a, b) {
            (Kind::Number(a), Kind::Number(b)) => Kind::Number(Number {
                whole: a.whole.max(b.whole),
                scale: a.scale.max(b.scale),
                is_decimal: a.is_decimal || b.is_decimal,
                is_float: a.is_float || b.is_float,
            }),
            (Kind::List(None), list @ Kind::List(_)) | (list @ Kind::List(_), Kind::List(None)) => list,
            (Kind::List(Some(a)), Kind::List(Some(b))) => Kind::List(Some(Box::new(merge(*a, *b)?))),
            (Kind::Record(a), Kind::Record(b)) => Kind::Record(merge_fields(a, b)?),
            (a, b) if a == b => a,
            (a, b) => {
                return Err(format!(
                    "the elements of a list have one type, and here are {} and {}",
                    a.word(),
                    b.word()
                ));
            }
        }),
    };
    Ok(Guess { kind, nullable })
}

/// A field that one of the records lacks may be null.
fn merge_fields(
    a: Vec<(String, Guess)>,
    mut b: Vec<(String, Guess)>,
) -> Result<Vec<(String, Guess)>, String> {
    let mut merged = Vec::new();
    for (name, guess) in a {
        let guess = match b.iter().position(|(other, _)| *other == name) {
            Some(at) => merge(guess, b.remove(at).1)?,
            None => Guess { nullable: true, ..guess },
        };
        merged.push((name, guess));
    }
    merged.extend(b.into_iter().map(|(name, guess)| (name, Guess { nullable: true, ..guess })));
    Ok(merged)
}

impl Kind {
    fn word(&self) -> &'static str {
        match self {
            Kind::Bool => "a bool",
            Kind::Number(_) => "a number",
            Kind::String => "a string",
            Kind::List(_) => "a list",
            Kind::Record(_) => "a record",
        }
    }
}

fn settle(guess: Guess) -> Result<Type, String> {
    let scalar = |ty| Type::Scalar { ty, nullable: false };
    let ty = match guess.kind {
        // A null could be anything, and texts are most often what is missing.
        None | Some(Kind::String) => scalar(ScalarType::String),
        Some(Kind::Bool) => scalar(ScalarType::Bool),
        Some(Kind::Number(number)) => scalar(number.ty()),
        Some(Kind::List(element)) => {
            let element = match element {
                Some(element) => settle(*element)?.element().expect("nothing is wrong with it"),
                None => Element { ty: ScalarType::String, nullable: false },
            };
            scalar(ScalarType::list(element.ty, element.nullable))
        }
        Some(Kind::Record(fields)) => {
            let fields = fields.into_iter().map(|(name, guess)| Ok((name, settle(guess)?)));
            Type::Record { fields: fields.collect::<Result<_, String>>()?, nullable: false }
        }
    };
    Ok(if guess.nullable { ty.nullable() } else { ty })
}

impl Number {
    fn ty(self) -> ScalarType {
        let digits = self.whole + self.scale;
        if self.is_float || digits > DIGITS_MAX || self.scale > SCALE_MAX {
            return ScalarType::Float;
        }
        if !self.is_decimal {
            return ScalarType::Int;
        }
        let precision = if digits <= DIGITS { DIGITS } else { DIGITS_MAX };
        ScalarType::Decimal { precision: precision as u8, scale: self.scale as u8 }
    }
}

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The fields of an object in their order, those that are there twice too.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fields<'de>, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Vec::new();
                while let Some(entry) = entries.next_entry()? {
                    fields.push(entry);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::of_json;

    fn told(json: &str) -> String {
        match of_json(json) {
            Ok(ty) => ty.element().expect("nothing is wrong with it").to_string(),
            Err(message) => message,
        }
    }

    #[test]
    fn types_follow_from_the_values() {
        for (json, ty) in [
            (r#"{"a": "x", "b": 5, "c": true}"#, "{ a: string, b: int, c: bool }"),
            (r#"{"a": 10.00, "b": -0.5, "c": 1e3}"#, "{ a: decimal(18,2), b: decimal(18,1), c: float }"),
            (r#"{"a": 9223372036854775808}"#, "{ a: decimal(38,0) }"),
            (r#"{"a": 123456789012345678901234567890123456789}"#, "{ a: float }"),
            (r#"{"a": 0.1234567890123456789}"#, "{ a: float }"),
            (r#"{"at": "2026-01-01T10:00:00Z"}"#, "{ at: string }"),
            (r#"{"a": null, "b": [], "c": {"d": 1}}"#, "{ a: string?, b: [string], c: { d: int } }"),
            (r#"{"a": [1, 2.5, null], "b": [[], [true]]}"#, "{ a: [decimal(18,1)?], b: [[bool]] }"),
            (r#"{"a": [{"b": 1}, {"b": 2, "c": "x"}]}"#, "{ a: [{ b: int, c: string? }] }"),
            (r#"{"first-name": "x", "é": 1, "_a1": 2}"#, "{ _a1: int }"),
        ] {
            assert_eq!(told(json), ty, "{json}");
        }
    }

    #[test]
    fn what_is_no_event_is_told() {
        for (json, message) in [
            ("[1]", "an event is a JSON object"),
            ("", "the event is no JSON"),
            (r#"{"a": }"#, "the event is no JSON: expected value at line 1 column 7"),
            (r#"{"a": 1, "a": 2}"#, "the field `a` is there twice"),
            (
                r#"{"a": [1, "x"]}"#,
                "the elements of a list have one type, and here are a number and a string",
            ),
        ] {
            assert!(told(json).starts_with(message), "{json}: {}", told(json));
        }
        let deep = format!("{{\"a\": {}{}}}", "[".repeat(40), "]".repeat(40));
        assert!(told(&deep).contains("levels"), "{}", told(&deep));
    }
}
