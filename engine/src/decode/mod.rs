//! Payloads on their way in.

mod json;
mod nested;
mod scan;

pub use json::{DecodeError, JsonDecoder};
