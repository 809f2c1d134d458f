//! A test bed: a real Kafka broker that can be killed, what is needed to see whether results are right, and a naive interpreter of plans.

mod broker;
mod jars;
pub mod payments;
pub mod reference;
mod topics;

pub use broker::Broker;
pub use jars::classpath;
pub use topics::{Message, Topics};
