//! A test bed: a real Kafka broker that can be killed, what is needed to see whether results are right, a naive interpreter of plans,
//! and a simulation of everything around a worker.

mod broker;
mod frame;
mod jars;
pub mod payments;
mod proxy;
pub mod reference;
pub mod simulation;
mod topics;

pub use broker::Broker;
pub use frame::{Api, end_txn_error};
pub use jars::classpath;
pub use proxy::{Act, Proxy, Seen, Weather};
pub use topics::{Message, Topics};
