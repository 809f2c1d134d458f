//! A test bed: a real Kafka broker that can be killed, what is needed to see whether results are right, a naive interpreter of plans,
//! and a simulation of everything around a worker.

pub mod acls;
mod broker;
mod certificates;
mod frame;
mod jars;
pub mod payments;
mod proxy;
pub mod reference;
mod secured;
pub mod simulation;
mod topics;

pub use broker::Broker;
pub use certificates::random_password;
pub use frame::{Api, end_txn_error};
pub use jars::classpath;
pub use proxy::{Act, Proxy, Seen, Weather};
pub use secured::{Entrance, LIMITED, Secured, TRUSTED};
pub use topics::{Message, Topics};
