//! What the text of a JSON value is.

use crate::error::FunctionError;
use serde::de::IgnoredAny;
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

/// Elements of an array, names of an object; None: it is neither.
pub(super) fn length(raw: &str) -> Result<Option<usize>, FunctionError> {
    let unreadable = |_| FunctionError::unreadable("JSON", raw);
    Ok(match kind(raw) {
        Json::Array => Some(serde_json::from_str::<Vec<IgnoredAny>>(raw).map_err(unreadable)?.len()),
        Json::Object => {
            Some(serde_json::from_str::<BTreeMap<String, IgnoredAny>>(raw).map_err(unreadable)?.len())
        }
        _ => None,
    })
}
