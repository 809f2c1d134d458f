//! Copies of other processes' stores, so that their tasks can be taken over in seconds (`engine/DESIGN.md`, "Standbys").

mod copies;
mod share;

pub(crate) use copies::Around;
pub use copies::{Members, Standbys};
