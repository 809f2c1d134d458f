//! Expressions over columns: each node works on all rows that need it before the next begins.
//!
//! A branch is evaluated only for the rows that take it, so an error in a branch not taken does not occur. Semantics are those of
//! [`tidegate_model::expr`].

mod arithmetic;
mod cast;
mod collection;
mod compiled;
mod each;
mod error;

pub use error::{EvalError, RowErrors, remove_failed};
pub use tidegate_model::value::text;

use crate::batch::{Batch, Column, ColumnData, Strings, uuid_digits};
use compiled::{Expr, ExprKind};
use std::cmp::Ordering;
use std::sync::Arc;
use tidegate_functions::Call;
use tidegate_model::expr::{self, Collection, Comparison};
use tidegate_model::{ScalarType, Value};

/// An expression, ready to be evaluated.
#[derive(Clone, Debug)]
pub struct Compiled {
    expr: Expr,
}

/// What an evaluated part is: a column, or one value for all rows.
enum Operand {
    Column(Arc<Column>),
    Const(Value),
}

impl Operand {
    fn is_null(&self, row: usize) -> bool {
        match self {
            Operand::Column(column) => column.is_null(row),
            Operand::Const(value) => value.is_null(),
        }
    }

    fn bool(&self, row: usize) -> bool {
        match self {
            Operand::Column(column) => match &column.data {
                ColumnData::Bool(values) => values[row],
                other => panic!("a bool is expected, not {other:?}"),
            },
            Operand::Const(Value::Bool(value)) => *value,
            Operand::Const(other) => panic!("a bool is expected, not {other:?}"),
        }
    }

    fn int(&self, row: usize) -> i64 {
        match self {
            Operand::Column(column) => match &column.data {
                ColumnData::Int(values) => values[row],
                other => panic!("an int is expected, not {other:?}"),
            },
            Operand::Const(
                Value::Int(value) | Value::Timestamp(value) | Value::Duration(value) | Value::Date(value),
            ) => *value,
            Operand::Const(other) => panic!("an int is expected, not {other:?}"),
        }
    }

    fn float(&self, row: usize) -> f64 {
        match self {
            Operand::Column(column) => match &column.data {
                ColumnData::Float(values) => values[row],
                other => panic!("a float is expected, not {other:?}"),
            },
            Operand::Const(Value::Float(value)) => *value,
            Operand::Const(other) => panic!("a float is expected, not {other:?}"),
        }
    }

    fn decimal(&self, row: usize) -> i128 {
        match self {
            Operand::Column(column) => match &column.data {
                ColumnData::Decimal(values) => values[row],
                other => panic!("a decimal is expected, not {other:?}"),
            },
            Operand::Const(Value::Decimal(value)) => *value,
            Operand::Const(Value::Uuid(value)) => uuid_digits(*value),
            Operand::Const(other) => panic!("a decimal is expected, not {other:?}"),
        }
    }

    fn string(&self, row: usize) -> &str {
        match self {
            Operand::Column(column) => match &column.data {
                ColumnData::String(values) => values.get(row),
                other => panic!("a string is expected, not {other:?}"),
            },
            Operand::Const(Value::String(value)) => value,
            Operand::Const(other) => panic!("a string is expected, not {other:?}"),
        }
    }

    /// A value that is held as one: bytes, a list, a map or a record.
    fn whole(&self, row: usize) -> &Value {
        match self {
            Operand::Column(column) => match &column.data {
                ColumnData::Values(values) => &values[row],
                other => panic!("a list, a map, a record or bytes are expected, not {other:?}"),
            },
            Operand::Const(value) => value,
        }
    }

    fn value(&self, row: usize, ty: ScalarType) -> Value {
        match self {
            Operand::Column(column) => column.value(row, ty),
            Operand::Const(value) => value.clone(),
        }
    }
}

/// Writes a value of the column's type into a row of a column made by [`Column::zeros`].
pub(crate) fn set(column: &mut Column, row: usize, value: &Value) {
    match (&mut column.data, value) {
        (_, Value::Null) => column.set_null(row),
        (ColumnData::Bool(values), Value::Bool(value)) => values[row] = *value,
        (
            ColumnData::Int(values),
            Value::Int(value) | Value::Timestamp(value) | Value::Duration(value) | Value::Date(value),
        ) => values[row] = *value,
        (ColumnData::Float(values), Value::Float(value)) => values[row] = *value,
        (ColumnData::Decimal(values), Value::Decimal(value)) => values[row] = *value,
        (ColumnData::Decimal(values), Value::Uuid(value)) => values[row] = uuid_digits(*value),
        (ColumnData::String(values), Value::String(value)) => values.set(row, value),
        (ColumnData::Values(values), Value::Bytes(_) | Value::List(_) | Value::Map(_) | Value::Record(_)) => {
            values[row] = value.clone()
        }
        (data, value) => panic!("{value:?} does not belong into {data:?}"),
    }
}

impl Compiled {
    pub fn new(expr: &expr::Expr) -> Compiled {
        Compiled { expr: Expr::new(expr) }
    }

    /// The value for each selected row; the other rows hold anything. Rows that fail are noted in `errors`.
    pub fn eval(&self, batch: &Batch, selection: &[u32], errors: &mut RowErrors) -> Arc<Column> {
        let operand = eval(&self.expr, batch, selection, errors);
        into_column(operand, self.expr.ty, batch.rows(), selection)
    }

    /// Keeps the rows for which the predicate is true; null is not.
    pub fn filter(&self, batch: &Batch, selection: &mut Vec<u32>, errors: &mut RowErrors) {
        filter(&self.expr, batch, selection, errors);
    }
}

fn into_column(operand: Operand, ty: ScalarType, rows: usize, selection: &[u32]) -> Arc<Column> {
    match operand {
        Operand::Column(column) => column,
        Operand::Const(value) => {
            let mut column = Column::zeros(ty, rows);
            for &row in selection {
                set(&mut column, row as usize, &value);
            }
            Arc::new(column)
        }
    }
}

fn filter(expr: &Expr, batch: &Batch, selection: &mut Vec<u32>, errors: &mut RowErrors) {
    match &expr.kind {
        // The right side sees only the rows that passed the left one.
        ExprKind::And(left, right) => {
            filter(left, batch, selection, errors);
            filter(right, batch, selection, errors);
        }
        ExprKind::Compare(comparison, left, right) => {
            let (a, b) = (eval(left, batch, selection, errors), eval(right, batch, selection, errors));
            let order = order_by(left.ty);
            selection.retain(|row| {
                let row = *row as usize;
                !a.is_null(row) && !b.is_null(row) && holds(*comparison, order(&a, &b, row))
            });
        }
        _ => {
            let kept = eval(expr, batch, selection, errors);
            selection.retain(|row| !kept.is_null(*row as usize) && kept.bool(*row as usize));
        }
    }
}

type Order = fn(&Operand, &Operand, usize) -> Ordering;

/// How two values of a type are ordered; floats by IEEE 754's total order.
fn order_by(ty: ScalarType) -> Order {
    match ty {
        ScalarType::Bool => |a, b, row| a.bool(row).cmp(&b.bool(row)),
        ScalarType::Int | ScalarType::Timestamp | ScalarType::Duration | ScalarType::Date => {
            |a, b, row| a.int(row).cmp(&b.int(row))
        }
        ScalarType::Float => |a, b, row| a.float(row).total_cmp(&b.float(row)),
        ScalarType::Decimal { .. } | ScalarType::Uuid => |a, b, row| a.decimal(row).cmp(&b.decimal(row)),
        ScalarType::String | ScalarType::Enum(_) => |a, b, row| a.string(row).cmp(b.string(row)),
        ScalarType::Bytes | ScalarType::List(_) | ScalarType::Map(_) | ScalarType::Record(_) => {
            |a, b, row| a.whole(row).compare(b.whole(row))
        }
    }
}

fn holds(comparison: Comparison, order: Ordering) -> bool {
    match comparison {
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    }
}

/// A bool column of one entry for each physical row; `compute` gives None for null.
fn bools(batch: &Batch, selection: &[u32], mut compute: impl FnMut(usize) -> Option<bool>) -> Operand {
    let mut column = Column::zeros(ScalarType::Bool, batch.rows());
    for &row in selection {
        match compute(row as usize) {
            None => column.set_null(row as usize),
            Some(value) => {
                let ColumnData::Bool(values) = &mut column.data else { panic!("made as bools") };
                values[row as usize] = value;
            }
        }
    }
    Operand::Column(Arc::new(column))
}

fn eval(expr: &Expr, batch: &Batch, selection: &[u32], errors: &mut RowErrors) -> Operand {
    match &expr.kind {
        ExprKind::Const(value) => Operand::Const(value.clone()),
        ExprKind::Column(index) => Operand::Column(Arc::clone(&batch.columns[*index])),
        ExprKind::Not(inner) => {
            let inner = eval(inner, batch, selection, errors);
            bools(batch, selection, |row| (!inner.is_null(row)).then(|| !inner.bool(row)))
        }
        ExprKind::Negate(inner) => {
            arithmetic::negate(expr.ty, &eval(inner, batch, selection, errors), batch, selection, errors)
        }
        ExprKind::Arithmetic(operation, left, right) => {
            let (a, b) = (eval(left, batch, selection, errors), eval(right, batch, selection, errors));
            arithmetic::apply(*operation, expr.ty, (&a, left.ty), (&b, right.ty), batch, selection, errors)
        }
        ExprKind::Compare(comparison, left, right) => {
            let (a, b) = (eval(left, batch, selection, errors), eval(right, batch, selection, errors));
            let order = order_by(left.ty);
            bools(batch, selection, |row| {
                (!a.is_null(row) && !b.is_null(row)).then(|| holds(*comparison, order(&a, &b, row)))
            })
        }
        ExprKind::And(left, right) => logic(false, left, right, batch, selection, errors),
        ExprKind::Or(left, right) => logic(true, left, right, batch, selection, errors),
        ExprKind::IsNull(inner) => {
            let inner = eval(inner, batch, selection, errors);
            bools(batch, selection, |row| Some(inner.is_null(row)))
        }
        ExprKind::Coalesce(left, right) => {
            let a = eval(left, batch, selection, errors);
            let (null, present): (Vec<u32>, Vec<u32>) =
                selection.iter().partition(|row| a.is_null(**row as usize));
            if null.is_empty() {
                return a;
            }
            let b = eval(right, batch, &null, errors);
            choose(expr.ty, batch.rows(), (&a, &present), (&b, &null))
        }
        ExprKind::If { condition, then, otherwise } => {
            let condition = eval(condition, batch, selection, errors);
            let (yes, no): (Vec<u32>, Vec<u32>) = selection
                .iter()
                .partition(|row| !condition.is_null(**row as usize) && condition.bool(**row as usize));
            let a = eval(then, batch, &yes, errors);
            let b = eval(otherwise, batch, &no, errors);
            choose(expr.ty, batch.rows(), (&a, &yes), (&b, &no))
        }
        ExprKind::In(inner, values) => {
            let (operand, ty) = (eval(inner, batch, selection, errors), inner.ty);
            let candidates: Vec<Operand> = values.iter().cloned().map(Operand::Const).collect();
            let order = order_by(ty);
            bools(batch, selection, |row| {
                (!operand.is_null(row))
                    .then(|| candidates.iter().any(|candidate| order(&operand, candidate, row).is_eq()))
            })
        }
        ExprKind::Cast(inner) => {
            let operand = eval(inner, batch, selection, errors);
            cast::apply(inner.ty, expr.ty, operand, batch, selection, errors)
        }
        ExprKind::Concat(parts) => {
            let parts: Vec<Operand> = parts.iter().map(|part| eval(part, batch, selection, errors)).collect();
            let mut column = Column { data: ColumnData::String(Strings::empty(batch.rows())), nulls: None };
            for &row in selection {
                let row = row as usize;
                if parts.iter().any(|part| part.is_null(row)) {
                    column.set_null(row);
                    continue;
                }
                let ColumnData::String(values) = &mut column.data else { panic!("made as strings") };
                values.set_with(row, |text| {
                    for part in &parts {
                        text.push_str(part.string(row));
                    }
                });
            }
            Operand::Column(Arc::new(column))
        }
        ExprKind::Call(function, arguments) => {
            let operands: Vec<(Operand, ScalarType)> = arguments
                .iter()
                .map(|argument| (eval(argument, batch, selection, errors), argument.ty))
                .collect();
            call(function, expr.ty, &operands, batch, selection, errors)
        }
        ExprKind::Local(from_last) => {
            Operand::Column(Arc::clone(&batch.columns[batch.columns.len() - from_last]))
        }
        ExprKind::List(items) => {
            let parts = Parts::eval(items, batch, selection, errors);
            each_row(expr.ty, batch, selection, errors, |row| Ok(Value::List(parts.values(row).into())))
        }
        ExprKind::Record(fields) => {
            let parts = Parts::eval(fields, batch, selection, errors);
            each_row(expr.ty, batch, selection, errors, |row| Ok(Value::Record(parts.values(row).into())))
        }
        ExprKind::Map(entries) => {
            let keys = Parts::eval(entries.iter().map(|(key, _)| key), batch, selection, errors);
            let values = Parts::eval(entries.iter().map(|(_, value)| value), batch, selection, errors);
            each_row(expr.ty, batch, selection, errors, |row| {
                Ok(Value::map(keys.values(row).into_iter().zip(values.values(row)).collect()))
            })
        }
        ExprKind::Field(record, index) => {
            let record = eval(record, batch, selection, errors);
            each_row(expr.ty, batch, selection, errors, |row| {
                Ok(match record.whole(row) {
                    Value::Record(values) => values[*index].clone(),
                    _ => Value::Null,
                })
            })
        }
        ExprKind::Index(over, index) => {
            let key = index.ty;
            let (over, index) = (eval(over, batch, selection, errors), eval(index, batch, selection, errors));
            each_row(expr.ty, batch, selection, errors, |row| {
                if over.is_null(row) || index.is_null(row) {
                    return Ok(Value::Null);
                }
                Ok(match over.whole(row) {
                    Value::List(values) => collection::at(values, index.int(row)).cloned(),
                    Value::Map(entries) => Value::get(entries, &index.value(row, key)).cloned(),
                    other => panic!("{other:?} has no elements"),
                }
                .unwrap_or(Value::Null))
            })
        }
        ExprKind::Collection(function, arguments) => {
            let parts = Parts::eval(arguments, batch, selection, errors);
            each_row(expr.ty, batch, selection, errors, |row| {
                let values = parts.values(row);
                // What is looked for may be null itself.
                let first_only = *function == Collection::Contains;
                if values.iter().take(if first_only { 1 } else { values.len() }).any(Value::is_null) {
                    return Ok(Value::Null);
                }
                collection::call(*function, &values, arguments[0].ty)
            })
        }
        ExprKind::Each(call) => each::eval_each(call, expr.ty, batch, selection, errors),
    }
}

/// Several expressions, evaluated.
struct Parts {
    operands: Vec<(Operand, ScalarType)>,
}

impl Parts {
    fn eval<'a>(
        exprs: impl IntoIterator<Item = &'a Expr>,
        batch: &Batch,
        selection: &[u32],
        errors: &mut RowErrors,
    ) -> Parts {
        let operands = exprs.into_iter().map(|expr| (eval(expr, batch, selection, errors), expr.ty));
        Parts { operands: operands.collect() }
    }

    fn values(&self, row: usize) -> Vec<Value> {
        self.operands.iter().map(|(operand, ty)| operand.value(row, *ty)).collect()
    }
}

/// A function for each row. Constant arguments are made values once.
fn call(
    function: &Call,
    ty: ScalarType,
    operands: &[(Operand, ScalarType)],
    batch: &Batch,
    selection: &[u32],
    errors: &mut RowErrors,
) -> Operand {
    let columns: Vec<(usize, &Column, ScalarType)> = operands
        .iter()
        .enumerate()
        .filter_map(|(place, (operand, ty))| match operand {
            Operand::Column(column) => Some((place, &**column, *ty)),
            Operand::Const(_) => None,
        })
        .collect();
    let mut values: Vec<Value> = operands
        .iter()
        .map(|(operand, _)| match operand {
            Operand::Column(_) => Value::Null,
            Operand::Const(value) => value.clone(),
        })
        .collect();
    each_row(ty, batch, selection, errors, |row| {
        for (place, column, ty) in &columns {
            values[*place] = column.value(row, *ty);
        }
        Ok(function.evaluate(&values)?)
    })
}

/// SQL's three-valued `and` (`decides` = false) and `or` (`decides` = true): one side that decides is enough.
fn logic(
    decides: bool,
    left: &Expr,
    right: &Expr,
    batch: &Batch,
    selection: &[u32],
    errors: &mut RowErrors,
) -> Operand {
    let a = eval(left, batch, selection, errors);
    let open: Vec<u32> = selection
        .iter()
        .copied()
        .filter(|row| a.is_null(*row as usize) || a.bool(*row as usize) != decides)
        .collect();
    let b = eval(right, batch, &open, errors);
    let mut undecided = open.into_iter().peekable();
    bools(batch, selection, |row| {
        if undecided.next_if(|open| *open as usize == row).is_none() {
            return Some(decides);
        }
        if b.is_null(row) {
            return None;
        }
        if b.bool(row) == decides {
            return Some(decides);
        }
        (!a.is_null(row)).then_some(!decides)
    })
}

/// One column from two, each for its own rows.
fn choose(ty: ScalarType, rows: usize, a: (&Operand, &[u32]), b: (&Operand, &[u32])) -> Operand {
    let mut column = Column::zeros(ty, rows);
    for (operand, selection) in [a, b] {
        for &row in selection {
            set(&mut column, row as usize, &operand.value(row as usize, ty));
        }
    }
    Operand::Column(Arc::new(column))
}

/// A column computed row by row.
fn each_row(
    ty: ScalarType,
    batch: &Batch,
    selection: &[u32],
    errors: &mut RowErrors,
    mut compute: impl FnMut(usize) -> Result<Value, EvalError>,
) -> Operand {
    let mut column = Column::zeros(ty, batch.rows());
    for &row in selection {
        match compute(row as usize) {
            Ok(value) => set(&mut column, row as usize, &value),
            Err(error) => {
                // Whoever looks at the row before it is set aside meets null.
                column.set_null(row as usize);
                errors.push(row, error);
            }
        }
    }
    Operand::Column(Arc::new(column))
}
