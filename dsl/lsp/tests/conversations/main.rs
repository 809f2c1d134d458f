//! Whole conversations with the server, message by message. Wide characters stand before what is asked for, since positions count
//! UTF-16 units, and one declaration is wrong, since the others work all the same.

mod client;
mod completion;
mod extension;
mod files;
mod fixes;
mod language;
mod protocol;
mod sync;
