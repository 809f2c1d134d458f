//! The log without Kafka: durable partitions in one RocksDB, shared by all workers of the process.
//!
//! A transaction is one write batch: records, the inputs' next offsets and notes become visible and durable together, or not at all.
//! `DESIGN.md` says what is written where.

mod archive;
mod log;
mod reader;
mod record;
mod restorer;
mod writer;

pub use archive::EmbeddedArchive;
pub use log::{EmbeddedLog, TopicKind};
pub use reader::EmbeddedReader;
pub use restorer::EmbeddedRestorer;
pub use tidegate_engine::log::OwnedRecord;
pub use writer::EmbeddedWriter;
