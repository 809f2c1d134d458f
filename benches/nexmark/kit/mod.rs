//! What the benchmark and the test of the answers share: the queries, their events, and what each query must answer.
//!
//! Nothing here is the engine's: an answer is computed from all events at once, in the plainest way that is fast enough.

#![allow(dead_code, reason = "the test and the benchmark use a part of it each")]

pub mod answers;
pub mod events;
pub mod query;
pub mod text;
