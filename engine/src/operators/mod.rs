//! The operators, one a file, each named as in the language.

pub mod aggregate;
pub mod answer;
pub mod ask;
pub mod changes;
pub mod dedupe;
pub mod expand;
pub mod filter;
pub mod join;
pub mod join_streams;
pub mod join_tables;
pub mod latest;
pub mod map;
pub mod match_events;
pub mod merge;
pub mod ordered;
pub mod outbox;
pub mod partial;
pub mod rekey;
pub mod repartition;
pub mod rolling;
pub mod rolling_coarse;
pub mod schedule;
pub mod sink;
pub mod table;
pub mod top;
