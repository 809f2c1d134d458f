//! Functions that evaluate an expression for each element of a list: the elements of all rows become the rows of a batch of their
//! own, over which the expression is evaluated at once.

use super::collection::null_last;
use super::compiled::{Each, Read};
use super::{EvalError, Operand, RowErrors, choose, each_row, eval};
use crate::batch::{Batch, Column};
use std::sync::Arc;
use tidegate_model::expr::EachFunction;
use tidegate_model::{ScalarType, Value};

pub(super) fn eval_each(
    call: &Each,
    ty: ScalarType,
    batch: &Batch,
    selection: &[u32],
    errors: &mut RowErrors,
) -> Operand {
    let over = eval(&call.over, batch, selection, errors);
    if call.function == EachFunction::Reduce {
        return reduce(call, ty, &over, batch, selection, errors);
    }
    let elements = Elements::of(&over, selection);
    let column = elements.column(element_type(call.over.ty));
    let inner = elements.batch(batch, &call.reads, vec![column]);
    let mut inner_errors = RowErrors::default();
    let values = eval(&call.body, &inner, &inner.selection, &mut inner_errors);
    errors.take_over(inner_errors, &elements.rows);
    let mut spans = elements.spans.iter();
    each_row(ty, batch, selection, errors, |row| {
        let span = spans.next().expect("one span for each selected row");
        if over.is_null(row) {
            return Ok(Value::Null);
        }
        let (start, end) = *span;
        let values = Values { operand: &values, ty: call.body.ty, start, end };
        Ok(result(call.function, over.whole(row), &elements.values[start..end], &values))
    })
}

/// The body's values for the elements of one row.
struct Values<'a> {
    operand: &'a Operand,
    ty: ScalarType,
    start: usize,
    end: usize,
}

impl Values<'_> {
    fn get(&self, index: usize) -> Value {
        self.operand.value(self.start + index, self.ty)
    }

    fn all(&self) -> impl Iterator<Item = Value> + '_ {
        (self.start..self.end).map(|row| self.operand.value(row, self.ty))
    }

    /// The indexes for which the body is true.
    fn holding(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.end - self.start).filter(|index| self.get(*index) == Value::Bool(true))
    }
}

fn result(function: EachFunction, over: &Value, elements: &[Value], values: &Values<'_>) -> Value {
    match function {
        EachFunction::Map => Value::List(values.all().collect()),
        EachFunction::Filter => Value::List(values.holding().map(|index| elements[index].clone()).collect()),
        EachFunction::Any => Value::Bool(values.holding().next().is_some()),
        EachFunction::All => Value::Bool(values.holding().count() == elements.len()),
        EachFunction::Find => values.holding().next().map_or(Value::Null, |index| elements[index].clone()),
        EachFunction::CountIf => Value::Int(values.holding().count() as i64),
        EachFunction::SortBy => {
            let mut sorted: Vec<(Value, &Value)> = values.all().zip(elements).collect();
            sorted.sort_by(|(a, _), (b, _)| null_last(a, b));
            Value::List(sorted.into_iter().map(|(_, element)| element.clone()).collect())
        }
        EachFunction::MapValues => match over {
            // The keys are in order already.
            Value::Map(entries) => {
                Value::Map(entries.iter().map(|(key, _)| key.clone()).zip(values.all()).collect())
            }
            other => panic!("a map has values, not {other:?}"),
        },
        EachFunction::Reduce => panic!("reduce goes element by element"),
    }
}

/// The first elements of all rows at once, then the second ones, and so on: each sees what came out before.
fn reduce(
    call: &Each,
    ty: ScalarType,
    over: &Operand,
    batch: &Batch,
    selection: &[u32],
    errors: &mut RowErrors,
) -> Operand {
    let start = call.start.as_ref().expect("reduce begins with a value");
    let mut so_far = eval(start, batch, selection, errors);
    let mut open: Vec<u32> = selection.iter().copied().filter(|row| !over.is_null(*row as usize)).collect();
    for step in 0.. {
        open.retain(|row| elements_of(over.whole(*row as usize)).nth(step).is_some());
        if open.is_empty() {
            break;
        }
        let mut elements = Elements::default();
        for row in &open {
            elements.rows.push(*row);
            elements.values.extend(elements_of(over.whole(*row as usize)).nth(step).cloned());
        }
        let mut before = Column::new(ty);
        open.iter().for_each(|row| before.push(&so_far.value(*row as usize, ty)));
        let element = elements.column(element_type(call.over.ty));
        let inner = elements.batch(batch, &call.reads, vec![before, element]);
        let mut inner_errors = RowErrors::default();
        let values = eval(&call.body, &inner, &inner.selection, &mut inner_errors);
        let failed: Vec<u32> = inner_errors.rows().iter().map(|row| elements.rows[*row as usize]).collect();
        errors.take_over(inner_errors, &elements.rows);
        // What came out, at the rows it belongs to.
        let mut at_rows = Column::zeros(ty, batch.rows());
        for (index, row) in open.iter().enumerate() {
            super::set(&mut at_rows, *row as usize, &values.value(index, ty));
        }
        let others: Vec<u32> =
            selection.iter().copied().filter(|row| open.binary_search(row).is_err()).collect();
        so_far = choose(ty, batch.rows(), (&Operand::Column(Arc::new(at_rows)), &open), (&so_far, &others));
        open.retain(|row| failed.binary_search(row).is_err());
    }
    each_row(ty, batch, selection, errors, |row| {
        Ok::<Value, EvalError>(if over.is_null(row) { Value::Null } else { so_far.value(row, ty) })
    })
}

/// The elements of the lists (or the values of the maps) of all selected rows, one after the other.
#[derive(Default)]
struct Elements {
    values: Vec<Value>,
    /// The row that each came from.
    rows: Vec<u32>,
    /// For each selected row the place of its elements.
    spans: Vec<(usize, usize)>,
}

impl Elements {
    fn of(over: &Operand, selection: &[u32]) -> Elements {
        let mut elements = Elements::default();
        for &row in selection {
            let start = elements.values.len();
            if !over.is_null(row as usize) {
                elements.values.extend(elements_of(over.whole(row as usize)).cloned());
            }
            elements.spans.push((start, elements.values.len()));
            elements.rows.resize(elements.values.len(), row);
        }
        elements
    }

    fn column(&self, ty: ScalarType) -> Column {
        let mut column = Column::new(ty);
        self.values.iter().for_each(|value| column.push(value));
        column
    }

    /// A batch with a row for each element: the outer columns that are read, and behind all of them the parameters.
    fn batch(&self, outer: &Batch, reads: &[(Read, ScalarType)], parameters: Vec<Column>) -> Batch {
        let width = outer.columns.len();
        let absent = Arc::new(Column::absent());
        let mut columns: Vec<Arc<Column>> = vec![absent; width];
        for (read, ty) in reads {
            let index = match read {
                Read::Column(index) => *index,
                Read::Local(from_last) => width - from_last,
            };
            columns[index] = Arc::new(outer.columns[index].gather(*ty, &self.rows));
        }
        columns.extend(parameters.into_iter().map(Arc::new));
        // Expressions read columns only: times stand in for the number of rows.
        let times: Vec<_> = self.rows.iter().map(|row| outer.times[*row as usize]).collect();
        let times = Arc::new(times);
        Batch {
            columns,
            watermarks: Arc::clone(&times),
            selection: Batch::select_all(self.rows.len()),
            times,
            raw: None,
            deleted: None,
            origin: None,
        }
    }
}

fn elements_of(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match value {
        Value::List(values) => Box::new(values.iter()),
        Value::Map(entries) => Box::new(entries.iter().map(|(_, value)| value)),
        other => panic!("{other:?} has no elements"),
    }
}

fn element_type(ty: ScalarType) -> ScalarType {
    match ty {
        ScalarType::List(element) => element.ty,
        ScalarType::Map(map) => map.value.ty,
        other => panic!("{other} has no elements"),
    }
}
