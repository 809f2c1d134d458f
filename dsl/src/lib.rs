//! The topology language: a file in one of its two spellings becomes a typed plan, or diagnostics.
//!
//! No I/O, and no engine: `DESIGN.md` says how it works.

mod allow;
pub mod ast;
mod check;
mod compile;
mod convert;
pub mod diagnostic;
mod explain;
mod format;
#[cfg(any(test, feature = "generate"))]
pub mod generate;
mod graph;
mod lower;
mod parse;
pub mod source;
mod text_comments;
mod yaml;

pub use check::aggregate::is_aggregate;
pub use check::declared::Environment;
pub use compile::{Compiled, compile, compile_expression};
pub use convert::{Spelling, convert};
pub use explain::explain;
pub use format::{Unformatted, WIDTH, format};
pub use graph::{GraphFormat, graph};
pub use source::SourceFile;
