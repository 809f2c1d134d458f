//! Events on their way out.

mod json;

pub use json::{JsonEncoder, KeyEncoder};
