//! Rows that leave by HTTP: delivered from their outbox, in order for each key, at least once.
//!
//! What is decided (`window`, `verdict`, `backoff`, `secrets`) is apart from what is done (`delivery`, `couriers`, `client`). `engine/DESIGN.md` says why
//! there is an outbox.

mod backoff;
mod client;
mod couriers;
mod delivery;
mod secrets;
mod verdict;
mod window;

pub use delivery::{Deliveries, Delivery, DeliveryError, check_secrets, http_sinks};
