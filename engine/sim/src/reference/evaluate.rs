//! Expressions over one row, by the engine's own evaluator: what an expression means is tested elsewhere.

use super::row::{Key, Row};
use std::collections::BTreeMap;
use std::sync::Arc;
use tidegate_engine::batch::{Batch, Column};
use tidegate_engine::expression::{Compiled, RowErrors};
use tidegate_model::expr::Expr;
use tidegate_model::{EventTime, ScalarType, Value};

/// The types of the columns that an expression reads.
pub type Types = [ScalarType];

/// The value of an expression; None where it fails.
pub fn evaluate(expr: &Expr, types: &Types, values: &[Value]) -> Option<Value> {
    assert_eq!(types.len(), values.len(), "a row has its schema's columns");
    let column = |(ty, value): (&ScalarType, &Value)| {
        let mut column = Column::new(*ty);
        column.push(value);
        Arc::new(column)
    };
    let batch = Batch {
        columns: types.iter().zip(values).map(column).collect(),
        times: Arc::new(vec![EventTime::MIN]),
        watermarks: Arc::new(vec![EventTime::MIN]),
        selection: vec![0],
        deleted: None,
        raw: None,
        origin: None,
    };
    let mut errors = RowErrors::default();
    let column = Compiled::new(expr).eval(&batch, &[0], &mut errors);
    errors.is_empty().then(|| column.value(0, expr.ty))
}

/// The value of an expression that may not fail: events that are set aside for an error are not covered, but by filters and maps.
pub fn value(expr: &Expr, types: &Types, values: &[Value]) -> Value {
    let value = evaluate(expr, types, values);
    value.unwrap_or_else(|| panic!("the reference has no rule for what fails here: {expr:?} of {values:?}"))
}

/// Null counts as false.
pub fn is_true(expr: &Expr, types: &Types, values: &[Value]) -> bool {
    value(expr, types, values) == Value::Bool(true)
}

pub fn key(exprs: &[Expr], types: &Types, values: &[Value]) -> Key {
    Key(exprs.iter().map(|expr| value(expr, types, values)).collect())
}

/// Rows with the same key, which one task reads, in the order read.
pub fn by_key<'a>(exprs: &[Expr], types: &Types, rows: &'a [Row]) -> BTreeMap<(usize, Key), Vec<&'a Row>> {
    let mut groups: BTreeMap<(usize, Key), Vec<&Row>> = BTreeMap::new();
    for row in rows {
        groups.entry((row.partition, key(exprs, types, &row.values))).or_default().push(row);
    }
    groups
}

/// The values of some columns.
pub fn columns(places: &[usize], values: &[Value]) -> Key {
    Key(places.iter().map(|place| values[*place].clone()).collect())
}
