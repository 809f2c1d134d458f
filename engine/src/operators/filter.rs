//! `filter`: keeps the events for which the predicate is true. A table's row for which it is not true, or fails, deletes its key's row.

use crate::batch::Batch;
use crate::expression::{Compiled, RowErrors, remove_failed};
use crate::operator::{Context, Operator, TaskError};
use crate::route::Route;
use tidegate_model::plan;

pub struct Filter {
    predicate: Compiled,
    of_table: bool,
    errors: Route,
}

impl Filter {
    pub fn new(filter: &plan::Filter, errors: Route) -> Filter {
        Filter { predicate: Compiled::new(&filter.predicate), of_table: filter.of_table, errors }
    }
}

impl Operator for Filter {
    fn takes_deletions(&self) -> bool {
        true
    }

    fn on_batch(
        &mut self,
        _port: usize,
        mut batch: Batch,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        let mut errors = RowErrors::default();
        let deletions = batch.take_deletions();
        let mut selection = batch.selection.clone();
        self.predicate.filter(&batch, &mut selection, &mut errors);
        remove_failed(&mut selection, &errors);
        if self.of_table {
            self.errors.settle_rows_of_table(&mut batch, &errors, context)?;
            batch.delete_all_but(&selection);
        } else {
            self.errors.settle(&mut batch, &errors, context)?;
            batch.selection = selection;
        }
        batch.give_deletions(deletions);
        if !batch.is_empty() {
            context.emitted.push(batch);
        }
        Ok(())
    }
}
