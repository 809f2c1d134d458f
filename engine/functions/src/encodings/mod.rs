//! Functions that write texts in other characters, and read them back.

use crate::define::*;

crate::define::functions! {
    base64_encode, base64_decode, hex_encode, hex_decode, url_encode, url_decode,
}

/// Decoded bytes as a text; `kind` and `encoded` say what could not be read.
fn utf8(bytes: Option<Vec<u8>>, kind: &'static str, encoded: &str) -> Result<Value, FunctionError> {
    let decoded = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.map_or_else(|| Err(FunctionError::unreadable(kind, encoded)), text)
}
