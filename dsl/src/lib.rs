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
mod facts;
mod files;
mod format;
#[cfg(any(test, feature = "generate"))]
pub mod generate;
mod graph;
pub mod ide;
mod link;
mod lower;
mod parse;
mod placeholder;
mod session;
pub mod source;
mod text_comments;
mod walk;
mod word;
mod yaml;

pub use check::aggregate::is_aggregate;
pub use check::declared::Environment;
pub use compile::{Compiled, Options, compile, compile_expression, compile_with};
pub use convert::{Spelling, convert};
pub use explain::explain;
pub use files::{Files, NoFiles};
pub use format::{Unformatted, WIDTH, format};
pub use graph::{GraphFormat, graph};
pub use session::{Checked, Refused, Session};
pub use source::{SourceFile, Sources};
pub use word::{word_elsewhere, word_meant, word_page};
pub use yaml::schema as yaml_schema;
