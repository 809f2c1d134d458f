//! The words that every crate shares: time, ids, values, schemas, expressions and the plan.
//!
//! This is the leaf of the workspace: it knows no Kafka, no RocksDB, no clock and no file.
//! `dsl` makes a [`plan::Plan`]; `engine` runs it; neither sees the other.

pub mod expr;
pub mod ids;
pub mod json;
pub mod nested;
pub mod partition;
pub mod plan;
pub mod schema;
pub mod test_case;
pub mod text;
pub mod time;
pub mod value;

pub use ids::{NodeId, Offset, PartitionId, SubtopologyId, TaskId, TopicPartition};
pub use nested::{Element, EnumType, MapType, RecordField, RecordType};
pub use schema::{Column, ScalarType, Schema};
pub use time::{EventTime, Span, Watermark};
pub use value::Value;
