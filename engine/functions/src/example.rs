//! Examples: printed on the function's page, and run as tests through the parser, the checker and the engine.

use crate::error::ErrorCode;

#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// As it is written in a topology.
    pub call: &'static str,
    pub outcome: Outcome,
    /// What the example shows, if it is a case at an edge.
    pub note: Option<&'static str>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// As [`crate::literal`] writes it.
    Value(&'static str),
    /// The event is set aside with this code.
    Error(ErrorCode),
    /// The topology does not pass the check; a part of its message.
    Refused(&'static str),
}

pub(crate) const fn gives(call: &'static str, value: &'static str) -> Example {
    Example { call, outcome: Outcome::Value(value), note: None }
}

pub(crate) const fn fails(call: &'static str, error: ErrorCode) -> Example {
    Example { call, outcome: Outcome::Error(error), note: None }
}

pub(crate) const fn refused(call: &'static str, message: &'static str) -> Example {
    Example { call, outcome: Outcome::Refused(message), note: None }
}

impl Example {
    /// Says which edge this shows.
    pub(crate) const fn note(self, note: &'static str) -> Example {
        Example { note: Some(note), ..self }
    }
}
