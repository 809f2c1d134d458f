//! A test bed: a real Kafka broker that can be killed, and what is needed to see whether results are right.

mod broker;
mod jars;
pub mod payments;
mod topics;

pub use broker::Broker;
pub use jars::classpath;
pub use topics::{Message, Topics};
