//! `map`: a new event from each event. A table's row for which it fails deletes its key's row.

use crate::batch::{Batch, Column};
use crate::expression::{Compiled, RowErrors};
use crate::operator::{Context, Operator, TaskError};
use crate::route::Route;
use std::sync::Arc;
use tidegate_model::expr::{Expr, ExprKind};
use tidegate_model::{ScalarType, plan};

pub struct Map {
    /// Record values of which several columns take a field each: evaluated once, as columns behind the input's.
    shared: Vec<Compiled>,
    width: usize,
    /// None: nobody reads the column.
    columns: Vec<Option<Compiled>>,
    of_table: bool,
    errors: Route,
}

impl Map {
    /// `width`: how many columns come in.
    pub fn new(map: &plan::Map, width: usize, needed: &[bool], errors: Route) -> Map {
        let mut columns: Vec<Option<Expr>> =
            map.columns.iter().zip(needed).map(|(expr, needed)| needed.then(|| expr.clone())).collect();
        let shared = share(&mut columns, width);
        Map {
            shared: shared.iter().map(Compiled::new).collect(),
            width,
            columns: columns.iter().map(|expr| expr.as_ref().map(Compiled::new)).collect(),
            of_table: map.of_table,
            errors,
        }
    }
}

/// Takes out what several columns take their field of, and has them read it from a column behind the input's.
fn share(columns: &mut [Option<Expr>], width: usize) -> Vec<Expr> {
    let mut roots: Vec<(Expr, usize)> = Vec::new();
    for root in columns.iter().flatten().filter_map(root) {
        match roots.iter_mut().find(|(known, _)| known == root) {
            Some((_, uses)) => *uses += 1,
            None => roots.push((root.clone(), 1)),
        }
    }
    let shared: Vec<Expr> = roots.into_iter().filter(|(_, uses)| *uses > 1).map(|(root, _)| root).collect();
    for expr in columns.iter_mut().flatten() {
        let Some(root) = root_mut(expr) else { continue };
        if let Some(place) = shared.iter().position(|known| known == root) {
            *root = Expr::column(width + place, root.ty, root.nullable);
        }
    }
    shared
}

/// The record that a column is a field of, or asks the presence of, if it is worked out and not just there.
fn root(expr: &Expr) -> Option<&Expr> {
    let mut at = match &expr.kind {
        ExprKind::Field(..) => expr,
        ExprKind::Not(null) => match &null.kind {
            ExprKind::IsNull(record) if matches!(record.ty, ScalarType::Record(_)) => record,
            _ => return None,
        },
        _ => return None,
    };
    while let ExprKind::Field(record, _) = &at.kind {
        at = record;
    }
    is_worked_out(at).then_some(at)
}

fn root_mut(expr: &mut Expr) -> Option<&mut Expr> {
    root(expr)?;
    let mut at = expr;
    if matches!(at.kind, ExprKind::Not(_)) {
        let null = at.children_mut().remove(0);
        at = null.children_mut().remove(0);
    }
    while matches!(at.kind, ExprKind::Field(..)) {
        at = at.children_mut().remove(0);
    }
    Some(at)
}

fn is_worked_out(expr: &Expr) -> bool {
    !matches!(expr.kind, ExprKind::Column(_) | ExprKind::Const(_))
}

impl Operator for Map {
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
        assert!(
            self.shared.is_empty() || batch.columns.len() == self.width,
            "a batch has its schema's columns"
        );
        // A table's key columns are passed on as they are; of a deletion nothing else is read.
        let deletions = batch.take_deletions();
        for shared in &self.shared {
            let column = shared.eval(&batch, &batch.selection, &mut errors);
            batch.columns.push(column);
        }
        let columns: Vec<Arc<Column>> = self
            .columns
            .iter()
            .map(|column| match column {
                Some(compiled) => compiled.eval(&batch, &batch.selection, &mut errors),
                None => Arc::new(Column::absent()),
            })
            .collect();
        if self.of_table {
            self.errors.settle_rows_of_table(&mut batch, &errors, context)?;
        } else {
            self.errors.settle(&mut batch, &errors, context)?;
        }
        batch.columns = columns;
        batch.give_deletions(deletions);
        if !batch.is_empty() {
            context.emitted.push(batch);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_model::expr::Collection;
    use tidegate_model::{Element, RecordField, RecordType, nested};

    #[test]
    fn a_record_that_is_taken_apart_is_worked_out_once() {
        let field = |name: &str| RecordField {
            name: name.to_owned(),
            element: Element { ty: ScalarType::Int, nullable: false },
        };
        let ty = ScalarType::Record(nested::record(RecordType { fields: vec![field("a"), field("b")] }));
        let list = Expr::column(0, ScalarType::list(ty, false), false);
        let first = Expr { ty, nullable: true, kind: ExprKind::Collection(Collection::First, vec![list]) };
        let field = |index| Expr {
            ty: ScalarType::Int,
            nullable: true,
            kind: ExprKind::Field(Box::new(first.clone()), index),
        };
        let bool = |kind| Expr { ty: ScalarType::Bool, nullable: false, kind };
        let null = bool(ExprKind::IsNull(Box::new(first.clone())));
        let presence = bool(ExprKind::Not(Box::new(null)));
        let mut columns = vec![Some(presence), Some(field(0)), None, Some(field(1))];
        assert_eq!(share(&mut columns, 7), std::slice::from_ref(&first));
        let read = Expr::column(7, ty, true);
        let from = |expr: &Option<Expr>| expr.as_ref().and_then(root).is_none();
        assert!(columns.iter().all(from), "nothing is worked out twice: {columns:?}");
        assert!(
            matches!(&columns[3], Some(Expr { kind: ExprKind::Field(record, 1), .. }) if **record == read)
        );
        let mut alone = vec![Some(field(0))];
        assert!(share(&mut alone, 7).is_empty(), "what is used once stays where it is");
    }
}
