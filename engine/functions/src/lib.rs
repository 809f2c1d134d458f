//! The functions of the topology language: one file is one function.
//!
//! A function is its signature, its meaning, the errors it can give, its examples and its evaluation, all in one [`Function`].
//! `dsl` reads signatures, `engine` evaluates, `tidegate explain` prints pages: each from the same description.
//! No function has a clock, chance or state, so that a replay gives what the first run gave.

mod arguments;
mod calendar;
mod call;
mod decimal;
mod define;
mod error;
mod example;
mod function;
mod hex;
mod literal;
mod order;
mod page;
mod registry;
mod rounding;
mod signature;
mod wall_clock;
mod zone;

mod aggregates;
mod collections;
mod conversion;
mod durations;
mod encodings;
mod geography;
mod hashes;
mod json;
mod network;
mod numbers;
mod regular_expressions;
mod strings;
mod time;

pub use arguments::{Arguments, CallSite};
pub use call::Call;
pub use error::{BadArgument, ErrorCode, FunctionError};
pub use example::{Example, Outcome};
pub use function::{Body, Form, Function, Nulls};
pub use literal::literal;
pub use page::{overview, page, reference};
pub use registry::{
    Group, aggregate_called_elsewhere, aggregates, all, called_elsewhere, find, find_aggregate, groups, names,
};
pub use signature::{Gives, Parameter, Takes};
pub use wall_clock::WallClock;
