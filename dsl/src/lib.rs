//! The topology language: a file in one of its two spellings becomes a typed plan, or diagnostics.
//!
//! No I/O, and no engine: `DESIGN.md` says how it works.

pub mod ast;
mod check;
mod compile;
pub mod diagnostic;
mod explain;
mod graph;
mod lower;
mod parse;
pub mod source;
mod yaml;

pub use check::aggregate::is_aggregate;
pub use check::declared::Environment;
pub use compile::{Compiled, compile, compile_expression};
pub use explain::explain;
pub use graph::{GraphFormat, graph};
pub use source::SourceFile;
