//! What can go wrong: with an event in a function, and with a constant when the topology is checked.

use thiserror::Error;
use tidegate_model::nested::ELEMENTS_MAX;

/// Why a function has no result for an event.
#[derive(Clone, PartialEq, Eq, Error, Debug)]
pub enum FunctionError {
    #[error("the result does not fit its type")]
    Overflow,
    #[error("division by zero")]
    DivisionByZero,
    #[error("{what} must be {range}, and is {given}")]
    OutOfRange { what: &'static str, range: &'static str, given: String },
    #[error("{text} cannot be read as {kind}")]
    Unreadable { kind: &'static str, text: String },
    #[error("there is no time zone {name}")]
    UnknownZone { name: String },
    #[error("the text would be longer than 1 MiB")]
    TooLong,
    #[error("the list would have more than {ELEMENTS_MAX} elements")]
    TooManyElements,
}

/// The stable name of an error: it goes into the header of the event that is set aside.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ErrorCode {
    Overflow,
    DivisionByZero,
    OutOfRange,
    Unreadable,
    UnknownZone,
    TooLong,
    BadCast,
    Inexact,
}

/// A constant that cannot be used, found when the topology is checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadArgument {
    /// Which argument, counted from 0.
    pub argument: usize,
    pub message: String,
    /// What to write instead.
    pub note: Option<String>,
}

/// Texts in messages are cut here.
const SHOWN_CHARS: usize = 60;

impl FunctionError {
    pub fn code(&self) -> ErrorCode {
        match self {
            FunctionError::Overflow => ErrorCode::Overflow,
            FunctionError::DivisionByZero => ErrorCode::DivisionByZero,
            FunctionError::OutOfRange { .. } => ErrorCode::OutOfRange,
            FunctionError::Unreadable { .. } => ErrorCode::Unreadable,
            FunctionError::UnknownZone { .. } => ErrorCode::UnknownZone,
            FunctionError::TooLong | FunctionError::TooManyElements => ErrorCode::TooLong,
        }
    }

    pub(crate) fn unreadable(kind: &'static str, text: &str) -> FunctionError {
        FunctionError::Unreadable { kind, text: quoted(text) }
    }

    pub(crate) fn out_of_range(
        what: &'static str,
        range: &'static str,
        given: impl ToString,
    ) -> FunctionError {
        FunctionError::OutOfRange { what, range, given: given.to_string() }
    }
}

impl ErrorCode {
    pub const ALL: [ErrorCode; 8] = [
        ErrorCode::Overflow,
        ErrorCode::DivisionByZero,
        ErrorCode::OutOfRange,
        ErrorCode::Unreadable,
        ErrorCode::UnknownZone,
        ErrorCode::TooLong,
        ErrorCode::BadCast,
        ErrorCode::Inexact,
    ];

    pub fn name(self) -> &'static str {
        match self {
            ErrorCode::Overflow => "overflow",
            ErrorCode::DivisionByZero => "division_by_zero",
            ErrorCode::OutOfRange => "out_of_range",
            ErrorCode::Unreadable => "unreadable",
            ErrorCode::UnknownZone => "unknown_zone",
            ErrorCode::TooLong => "too_long",
            ErrorCode::BadCast => "bad_cast",
            ErrorCode::Inexact => "inexact",
        }
    }

    pub fn meaning(self) -> &'static str {
        match self {
            ErrorCode::Overflow => "The result does not fit its type.",
            ErrorCode::DivisionByZero => "A division by zero.",
            ErrorCode::OutOfRange => "An argument is outside of what the function is defined for.",
            ErrorCode::Unreadable => "A text is not of the form that the function reads.",
            ErrorCode::UnknownZone => "A name is not that of a time zone.",
            ErrorCode::TooLong => "The text would be longer than 1 MiB, or the list than 100,000 elements.",
            ErrorCode::BadCast => "A text is not a value of the type that is asked for.",
            ErrorCode::Inexact => "The value cannot be kept exactly in the type that is asked for.",
        }
    }
}

impl BadArgument {
    pub(crate) fn new(argument: usize, message: impl Into<String>) -> BadArgument {
        BadArgument { argument, message: message.into(), note: None }
    }

    pub(crate) fn note(self, note: impl Into<String>) -> BadArgument {
        BadArgument { note: Some(note.into()), ..self }
    }
}

/// A text in quotes for a message, cut where it is long.
pub(crate) fn quoted(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}
