//! The language server: what `tidegate-dsl` knows of a file, in the protocol of editors, over a pair of pipes.
//!
//! One message is answered before the next is looked at, and there are no timers: a compilation takes some milliseconds. A thread reads
//! ahead, so that of several changes that are waiting only the last is compiled.

mod action;
mod answer;
mod capabilities;
mod command;
mod document;
mod failure;
mod formatting;
mod inbox;
mod names;
mod position;
mod server;
mod uri;
mod use_path;
mod wire;
mod workspace;

pub use server::serve;
