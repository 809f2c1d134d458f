//! The runtime: plans in, exactly-once results out. Synchronous, without Kafka, RocksDB's API or a clock of its own.

pub mod batch;
pub mod log;
