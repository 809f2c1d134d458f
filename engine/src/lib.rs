//! The runtime: plans in, exactly-once results out. Synchronous, without Kafka, RocksDB's API or a clock of its own.
//!
//! `ARCHITECTURE.md` shows the way of an event and where to find what.

pub mod batch;
pub mod change;
pub mod clock;
pub mod decode;
pub mod encode;
pub mod expression;
pub mod failpoint;
pub mod layout;
pub mod limits;
pub mod log;
pub mod needed;
pub mod operator;
pub mod outbox;
pub mod program;
pub mod replayed;
pub mod retry;
pub mod rights;
pub mod secret;
pub mod set_aside;
pub mod standby;
pub mod topics;
pub mod worker;

mod accumulator;
#[cfg(test)]
mod any_bytes;
#[cfg(test)]
mod arbitrary;
mod attempt;
mod closed;
mod due;
mod edges;
mod emitting;
mod expiry;
mod global_rows;
mod globals;
mod graph;
mod group;
mod half_even;
mod input;
mod internal_record;
mod kept_events;
mod key_columns;
mod late;
mod operators;
mod partials;
mod place;
mod progress;
mod restore;
mod result_rows;
#[cfg(test)]
mod rig;
mod route;
mod row_codec;
mod slices;
mod statistics;
mod sweep;
mod table_changes;
mod table_rows;
mod task;
mod time_queue;
mod timed_row;
mod value_codec;
mod versions;
mod watermark;

pub use internal_record::layout_of_record;
pub use place::Place;
pub use task::Task;
