//! `expand`: an event for each element of a list, at the time and place of the event that holds the list.

use crate::batch::{Batch, Column, Origin};
use crate::expression::{Compiled, RowErrors};
use crate::operator::{Context, Operator, TaskError};
use crate::route::Route;
use std::sync::Arc;
use tidegate_model::{ScalarType, Schema, Value, plan};

pub struct Expand {
    list: Compiled,
    list_type: ScalarType,
    /// An event without elements goes on, with null for the element.
    left: bool,
    /// Types of the input's columns, where somebody reads them.
    carried: Vec<Option<ScalarType>>,
    /// What is made of the element; None: nobody reads it.
    made: Vec<Option<Compiled>>,
    errors: Route,
}

impl Expand {
    /// `input`: the schema of what comes in. `needed`: one flag for each column that goes out.
    pub fn new(expand: &plan::Expand, input: &Schema, needed: &[bool], errors: Route) -> Expand {
        let width = input.columns.len();
        let carried = input.columns.iter().zip(needed).map(|(column, needed)| needed.then_some(column.ty));
        let made = expand.columns.iter().zip(&needed[width..]);
        Expand {
            list: Compiled::new(&expand.list),
            list_type: expand.list.ty,
            left: expand.left,
            carried: carried.collect(),
            made: made.map(|(expr, needed)| needed.then(|| Compiled::new(expr))).collect(),
            errors,
        }
    }

    /// The elements of all live rows, and the row that each came from.
    fn elements(&self, batch: &Batch, lists: &Column) -> (Column, Vec<u32>) {
        let ScalarType::List(element) = self.list_type else { panic!("a list is expanded") };
        let mut elements = Column::new(element.ty);
        let mut rows = Vec::new();
        for &row in &batch.selection {
            let before = rows.len();
            if let Value::List(values) = lists.value(row as usize, self.list_type) {
                values.iter().for_each(|value| elements.push(value));
                rows.resize(before + values.len(), row);
            }
            if self.left && rows.len() == before {
                elements.push_null();
                rows.push(row);
            }
        }
        (elements, rows)
    }
}

impl Operator for Expand {
    fn on_batch(
        &mut self,
        _port: usize,
        mut batch: Batch,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        let mut errors = RowErrors::default();
        let lists = self.list.eval(&batch, &batch.selection, &mut errors);
        self.errors.settle(&mut batch, &errors, context)?;
        let (elements, rows) = self.elements(&batch, &lists);
        if rows.is_empty() {
            return Ok(());
        }
        let mut columns: Vec<Arc<Column>> = batch
            .columns
            .iter()
            .zip(&self.carried)
            .map(|(column, ty)| match ty {
                Some(ty) => Arc::new(column.gather(*ty, &rows)),
                None => Arc::new(Column::absent()),
            })
            .collect();
        columns.push(Arc::new(elements));
        let of = |row: &u32| *row as usize;
        let mut wide = Batch {
            columns,
            times: Arc::new(rows.iter().map(|row| batch.times[of(row)]).collect()),
            watermarks: Arc::new(rows.iter().map(|row| batch.watermarks[of(row)]).collect()),
            selection: Batch::select_all(rows.len()),
            deleted: None,
            raw: batch.raw.as_ref().map(|raw| Arc::new(raw.gather(&rows))),
            origin: batch.origin.as_ref().map(|origin| {
                let offsets = rows.iter().map(|row| origin.offsets[of(row)]).collect();
                Arc::new(Origin { topic: origin.topic.clone(), partition: origin.partition, offsets })
            }),
        };
        let mut errors = RowErrors::default();
        let made: Vec<Arc<Column>> = self
            .made
            .iter()
            .map(|made| match made {
                Some(compiled) => compiled.eval(&wide, &wide.selection, &mut errors),
                None => Arc::new(Column::absent()),
            })
            .collect();
        self.errors.settle(&mut wide, &errors, context)?;
        wide.columns.pop();
        wide.columns.extend(made);
        if !wide.is_empty() {
            context.emitted.push(wide);
        }
        Ok(())
    }
}
