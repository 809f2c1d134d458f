//! The language server: what `tidegate-dsl` knows of a file, in the protocol of editors, over a pair of pipes.
//!
//! One message is answered before the next is read. There are no threads and no timers: a compilation takes some milliseconds, so each
//! change is compiled at once.

mod answer;
mod document;
mod position;
mod server;
mod uri;
mod wire;

pub use server::serve;
