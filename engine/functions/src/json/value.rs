//! What the text of a JSON value is.

use crate::define::*;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Json {
    Null,
    Bool,
    Number,
    String,
    Array,
    Object,
}

impl Json {
    pub(super) fn name(self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool => "bool",
            Json::Number => "number",
            Json::String => "string",
            Json::Array => "array",
            Json::Object => "object",
        }
    }
}

/// By the first character: the text is known to be JSON.
pub(super) fn kind(raw: &str) -> Json {
    match raw.trim_start().as_bytes().first() {
        Some(b'{') => Json::Object,
        Some(b'[') => Json::Array,
        Some(b'"') => Json::String,
        Some(b't' | b'f') => Json::Bool,
        Some(b'n') => Json::Null,
        _ => Json::Number,
    }
}

/// A JSON string without its quotes and escapes.
pub(super) fn string(raw: &str) -> Result<String, FunctionError> {
    serde_json::from_str(raw).map_err(|_| FunctionError::unreadable("a JSON string", raw))
}

/// A value as text: a string without its quotes, null as null, anything else as it is written.
pub(super) fn text_of(raw: &str) -> Result<Value, FunctionError> {
    match kind(raw) {
        Json::Null => Ok(Value::Null),
        Json::String => text(string(raw)?),
        _ => text(raw),
    }
}

/// Elements of an array, fields of an object; None: it is neither.
pub(super) fn length(raw: &str) -> Result<Option<usize>, FunctionError> {
    Ok(match kind(raw) {
        Json::Array => elements(raw)?.map(|elements| elements.len()),
        Json::Object => names(raw)?.map(|names| names.len()),
        _ => None,
    })
}

/// The texts of an array's elements; None: it is JSON's null.
pub(super) fn elements(raw: &str) -> Result<Option<Vec<&str>>, FunctionError> {
    let elements: Option<Vec<&RawValue>> =
        serde_json::from_str(raw).map_err(|_| FunctionError::unreadable("an array", raw))?;
    Ok(elements.map(|elements| elements.into_iter().map(RawValue::get).collect()))
}

/// The names of an object's fields, each once and in alphabetical order; None: it is JSON's null.
pub(super) fn names(raw: &str) -> Result<Option<Vec<String>>, FunctionError> {
    let fields: Option<BTreeMap<String, IgnoredAny>> =
        serde_json::from_str(raw).map_err(|_| FunctionError::unreadable("an object", raw))?;
    Ok(fields.map(|fields| fields.into_keys().collect()))
}
