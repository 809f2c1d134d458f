//! `merge`: the events of all inputs, in the order read.

use crate::batch::Batch;
use crate::operator::{Context, Operator, TaskError};

pub struct Merge;

impl Operator for Merge {
    fn takes_deletions(&self) -> bool {
        true
    }

    fn on_batch(&mut self, _port: usize, batch: Batch, context: &mut Context<'_>) -> Result<(), TaskError> {
        context.emitted.push(batch);
        Ok(())
    }
}
