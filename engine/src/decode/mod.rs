//! Payloads on their way in.

mod json;
mod scan;

pub use json::{DecodeError, JsonDecoder};
