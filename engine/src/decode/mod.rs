//! Payloads on their way in.

mod json;
mod nested;
mod scan;
mod why;

pub use json::{DecodeError, JsonDecoder};
