//! The engine's log on Apache Kafka, by librdkafka.
//!
//! `DESIGN.md` tells the protocol call by call, and why librdkafka's C interface is used for the data path.

mod admin;
mod archive;
mod client;
mod doctor;
mod end;
mod knock;
mod members;
mod options;
mod reader;
mod refusal;
mod restorer;
mod rights;
mod running;
mod secret_file;
mod settings;
mod token;
mod trim;
mod writer;

pub use admin::{Admin, AdminError, Prepared};
pub use archive::KafkaArchive;
pub use doctor::{Finding, Level, Report, examine};
pub use members::KafkaMembers;
pub use options::{OptionError, Options, allowed_options};
pub use reader::KafkaReader;
pub use restorer::KafkaRestorer;
pub use running::running;
pub use settings::{Queues, Settings};
pub use writer::KafkaWriter;
