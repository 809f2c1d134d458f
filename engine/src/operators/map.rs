//! `map`: a new event from each event.

use crate::batch::{Batch, Column};
use crate::expression::{Compiled, RowErrors};
use crate::operator::{Context, Operator, TaskError};
use crate::route::Route;
use std::sync::Arc;
use tidegate_model::plan;

pub struct Map {
    /// None: nobody reads the column.
    columns: Vec<Option<Compiled>>,
    errors: Route,
}

impl Map {
    pub fn new(map: &plan::Map, needed: &[bool], errors: Route) -> Map {
        let columns = map.columns.iter().zip(needed);
        Map { columns: columns.map(|(expr, needed)| needed.then(|| Compiled::new(expr))).collect(), errors }
    }
}

impl Operator for Map {
    fn on_batch(
        &mut self,
        _port: usize,
        mut batch: Batch,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        let mut errors = RowErrors::default();
        let columns: Vec<Arc<Column>> = self
            .columns
            .iter()
            .map(|column| match column {
                Some(compiled) => compiled.eval(&batch, &batch.selection, &mut errors),
                None => Arc::new(Column::absent()),
            })
            .collect();
        self.errors.settle(&mut batch, &errors, context)?;
        batch.columns = columns;
        if !batch.is_empty() {
            context.emitted.push(batch);
        }
        Ok(())
    }
}
