//! A test bed: a real Kafka broker that can be killed, what is needed to see whether results are right, a naive interpreter of plans,
//! and a simulation of everything around a worker.

mod broker;
mod jars;
pub mod payments;
pub mod reference;
pub mod simulation;
mod topics;

pub use broker::Broker;
pub use jars::classpath;
pub use topics::{Message, Topics};
