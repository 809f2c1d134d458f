//! The state of a task: bytes in one RocksDB, with the changelog position that they agree with.
//!
//! It knows bytes, names and positions, not operators. `DESIGN.md` says what is written where, and what a crash leaves.

mod chain;
mod damage;
pub mod database;
mod in_order;
pub mod key;
pub mod layout;
pub mod lines;
mod nearby;
pub mod overlay;
mod rocks;
pub mod store;
pub mod value;
mod write_buffer;
pub mod write_set;

pub use key::KeyReader;
pub use layout::StateDir;
pub use lines::{Point, Side};
pub use overlay::{Keys, Overlay, StateValue};
pub use store::{Shared, Store};
pub use value::CodecError;
pub use write_set::{TableId, WriteSet};

use thiserror::Error;

/// What can go wrong with the state on this machine. Nothing here loses anything: the changelog topics hold it all.
#[derive(Error, Debug)]
pub enum StateError {
    #[error("the state in {path} is open already, in this process")]
    Held { path: String },
    #[error("{path}: {cause}")]
    Io { path: String, cause: std::io::Error },
    #[error(
        "the state in {path} cannot be used: {cause}; move the directory away, and it will be restored from the changelog topics"
    )]
    Store { path: String, cause: String },
    #[error(
        "the state in {path} is damaged: {cause}; at the next start it is deleted, and restored from the changelog topics"
    )]
    Damaged { path: String, cause: String },
    #[error("{path} is in use by another process; give each process its own `--data` directory")]
    Locked { path: String },
    #[error(
        "{path} holds state of format {found}, and this version writes format {wanted}; move the directory away, and it will be restored from the changelog topics"
    )]
    Format { path: String, found: u8, wanted: u8 },
    #[error("{name:?} cannot be a directory's name: use 1 to 200 of A-Z a-z 0-9 . _ -")]
    Name { name: String },
    #[error("{path} is not empty and was not made by Tidegate; name another `--data` directory")]
    Foreign { path: String },
    #[error("{path} is no directory, or leads to another place; a link may be given with `--data` itself")]
    Link { path: String },
    #[error(
        "{path} belongs to another user ({owner}); name another `--data` directory, or give it to the user that runs this"
    )]
    Owner { path: String, owner: u32 },
    #[error(transparent)]
    Codec(#[from] CodecError),
}
