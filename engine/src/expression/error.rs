//! What can go wrong with one event in an expression.

use thiserror::Error;
use tidegate_functions::{ErrorCode, FunctionError};
use tidegate_model::ScalarType;
use tidegate_model::nested::ELEMENTS_MAX;

#[derive(Clone, PartialEq, Eq, Error, Debug)]
pub enum EvalError {
    #[error("the result does not fit its type")]
    Overflow,
    #[error("division by zero")]
    DivisionByZero,
    #[error("{text} cannot be read as {to}")]
    BadCast { to: ScalarType, text: String },
    #[error("{text} is not exact as {to}")]
    Inexact { to: ScalarType, text: String },
    #[error(transparent)]
    Function(#[from] FunctionError),
    #[error("the list would have more than {ELEMENTS_MAX} elements")]
    TooLong,
}

impl EvalError {
    /// Stable; goes into the header of the event that is set aside.
    pub fn code(&self) -> &'static str {
        let code = match self {
            EvalError::Overflow => ErrorCode::Overflow,
            EvalError::DivisionByZero => ErrorCode::DivisionByZero,
            EvalError::BadCast { .. } => ErrorCode::BadCast,
            EvalError::Inexact { .. } => ErrorCode::Inexact,
            EvalError::TooLong => ErrorCode::TooLong,
            EvalError::Function(error) => error.code(),
        };
        code.name()
    }
}

/// The rows of a batch that failed, and why.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RowErrors {
    entries: Vec<(u32, EvalError)>,
}

impl RowErrors {
    pub fn push(&mut self, row: u32, error: EvalError) {
        self.entries.push((row, error));
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes over the errors of the rows that were made from other ones: `origin` has the row that each was made from.
    pub(super) fn take_over(&mut self, made: RowErrors, origin: &[u32]) {
        self.entries.extend(made.entries.into_iter().map(|(row, error)| (origin[row as usize], error)));
    }

    pub(super) fn rows(&self) -> Vec<u32> {
        let mut rows: Vec<u32> = self.entries.iter().map(|(row, _)| *row).collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    /// In the order of the rows, the first cause of each.
    pub fn first_of_each_row(&self) -> Vec<(u32, &EvalError)> {
        let mut first: Vec<(u32, &EvalError)> =
            self.entries.iter().map(|(row, error)| (*row, error)).collect();
        first.sort_by_key(|(row, _)| *row);
        first.dedup_by_key(|(row, _)| *row);
        first
    }
}

/// Takes the rows that failed out of a selection.
pub fn remove_failed(selection: &mut Vec<u32>, errors: &RowErrors) {
    let mut failed: Vec<u32> = errors.entries.iter().map(|(row, _)| *row).collect();
    failed.sort_unstable();
    selection.retain(|row| failed.binary_search(row).is_err());
}
