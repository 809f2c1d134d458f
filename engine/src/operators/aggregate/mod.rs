//! `aggregate` behind `group by`: an operator for each kind of state that windows need.

mod aligned;
mod change;
mod fading;
mod of_table;
mod session;
mod slide;
mod sliding;
#[cfg(test)]
mod tests;

use crate::expiry::Expiry;
use crate::late::LateRoute;
use crate::operator::Operator;
use crate::route::Route;
use aligned::Aligned;
use of_table::OfTable;
use session::Sessions;
use sliding::Sliding;
use tidegate_model::Schema;
use tidegate_model::plan::{self, WindowShape};
use tidegate_state::{StateError, Store, TableId};

/// What an aggregate is made of.
pub struct Parts<'a> {
    pub aggregate: &'a plan::Aggregate,
    /// The columns of what comes in.
    pub input: &'a Schema,
    /// Of rows that come from another key: the column that tells whether one is gone.
    pub gone: Option<usize>,
    /// Is there a consumer that waits for the watermark?
    pub feeds: bool,
    /// Do events look its rows up?
    pub looked_up: bool,
    pub table: TableId,
    pub store: &'a Store,
    pub cache_bytes: usize,
    pub expiry: Option<Expiry>,
    pub late: LateRoute,
    pub errors: Route,
}

pub fn operator(parts: Parts<'_>) -> Result<Box<dyn Operator>, StateError> {
    if parts.aggregate.row_key.is_some() {
        return Ok(Box::new(OfTable::new(parts)?));
    }
    Ok(match parts.aggregate.window.as_ref().map(|window| window.shape) {
        None | Some(WindowShape::Aligned | WindowShape::Cumulate) => Box::new(Aligned::new(parts)?),
        Some(WindowShape::Session) => Box::new(Sessions::new(parts)?),
        Some(WindowShape::Sliding) => Box::new(Sliding::new(parts)?),
    })
}
