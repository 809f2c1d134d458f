//! `filter`: keeps the events for which the predicate is true.

use crate::batch::Batch;
use crate::expression::{Compiled, RowErrors, remove_failed};
use crate::operator::{Context, Operator, TaskError};
use crate::route::Route;
use tidegate_model::plan;

pub struct Filter {
    predicate: Compiled,
    errors: Route,
}

impl Filter {
    pub fn new(filter: &plan::Filter, errors: Route) -> Filter {
        Filter { predicate: Compiled::new(&filter.predicate), errors }
    }
}

impl Operator for Filter {
    fn on_batch(
        &mut self,
        _port: usize,
        mut batch: Batch,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        let mut errors = RowErrors::default();
        let mut selection = batch.selection.clone();
        self.predicate.filter(&batch, &mut selection, &mut errors);
        self.errors.settle(&mut batch, &errors, context)?;
        remove_failed(&mut selection, &errors);
        batch.selection = selection;
        if !batch.is_empty() {
            context.emitted.push(batch);
        }
        Ok(())
    }
}
