//! The topology language: a file in one of its two spellings becomes a typed plan, or diagnostics.
//!
//! No I/O, and no engine: `DESIGN.md` says how it works.

pub mod ast;
pub mod diagnostic;
mod parse;
pub mod source;

pub use source::SourceFile;
