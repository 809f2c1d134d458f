//! Expressions over events with a field of every type: what passes the check is evaluated, with values from the edges of their types.
//!
//! The input is an expression; lines behind a line `---` are values that the fields have besides.

use crate::batch::Batch;
use crate::events::events;
use crate::expression::{Compiled, RowErrors};
use std::collections::BTreeMap;
use tidegate_dsl::{SourceFile, compile};
use tidegate_functions::literal;
use tidegate_model::expr::Expr;
use tidegate_model::nested::ELEMENTS_MAX;
use tidegate_model::plan::NodeKind;
use tidegate_model::{Element, ScalarType, Value};

const BEFORE: &str = r#"topology a
enum Status { placed, paid, "in transit" }
type Item { name: string, price: decimal(18,2)?, count: int }
type Event {
  id: string, b: bool, i: int, j: int, x: float, y: float, d: decimal(18,2), e: decimal(38,10), s: string, t: string,
  at: timestamp, until: timestamp, dur: duration, day: date, u: uuid, raw: bytes, status: Status,
  items: [Item], ints: [int?], texts: [string], floats: [float], lists: [[int]], prices: { string: decimal(18,2) },
  o: int?, p: decimal(10,4)?, q: string?, r: timestamp?, none: [int]?, rec: { a: int, b: string }?,
}
source events: Event = kafka("events") key id, time at
sink out -> kafka("out")
stream out = events |> map { v: "#;

pub(crate) fn run(input: &str) {
    let (text, values) = input.split_once("\n---\n").unwrap_or((input, ""));
    // The line break ends a comment.
    let file = SourceFile::new("a.tide", format!("{BEFORE}{text}\n}}\n"));
    let Some(plan) = compile(&file, &|_| None).plan else { return };
    let source = plan.nodes.iter().find(|node| matches!(node.kind, NodeKind::Source(_)));
    let source = source.expect("every plan here has its source");
    let batch = events(&source.schema, values);
    for node in plan.nodes.iter().filter(|node| node.inputs == [source.id]) {
        match &node.kind {
            NodeKind::Map(map) => map.columns.iter().for_each(|expr| holds(expr, &batch)),
            NodeKind::Filter(filter) => holds(&filter.predicate, &batch),
            _ => {}
        }
    }
}

/// Each row alone gives what it gives among others, and a value is of the type that the check found.
fn holds(expr: &Expr, batch: &Batch) {
    let compiled = Compiled::new(expr);
    let together = outcomes(&compiled, expr.ty, batch, &Batch::select_all(batch.rows()));
    for (row, outcome) in together.iter().enumerate() {
        if let Ok(value) = outcome {
            let fits = if value.is_null() { expr.nullable } else { is_of(value, expr.ty) };
            assert!(fits, "{value:?} is no {}{}", expr.ty, if expr.nullable { "?" } else { "" });
            literal(value, expr.ty);
        }
        let alone = outcomes(&compiled, expr.ty, batch, &[row as u32]);
        assert!(
            same(outcome, &alone[0]),
            "row {row} gives {:?} alone, and {outcome:?} among others",
            alone[0]
        );
    }
}

type Outcome = Result<Value, String>;

fn outcomes(compiled: &Compiled, ty: ScalarType, batch: &Batch, selection: &[u32]) -> Vec<Outcome> {
    let mut errors = RowErrors::default();
    let column = compiled.eval(batch, selection, &mut errors);
    let failed: BTreeMap<u32, String> =
        errors.first_of_each_row().into_iter().map(|(row, error)| (row, error.to_string())).collect();
    let outcome = |row: &u32| match failed.get(row) {
        Some(error) => Err(error.clone()),
        None => Ok(column.value(*row as usize, ty)),
    };
    selection.iter().map(outcome).collect()
}

/// Not a number is the same as itself here.
fn same(a: &Outcome, b: &Outcome) -> bool {
    match (a, b) {
        (Ok(a), Ok(b)) => a.compare(b).is_eq(),
        (Err(a), Err(b)) => a == b,
        _ => false,
    }
}

/// Is a value that is not null of a type, down to the elements of its lists?
fn is_of(value: &Value, ty: ScalarType) -> bool {
    let may_be = |value: &Value, element: Element| match value {
        Value::Null => element.nullable,
        value => is_of(value, element.ty),
    };
    match (value, ty) {
        (Value::Bool(_), ScalarType::Bool)
        | (Value::Int(_), ScalarType::Int)
        | (Value::Float(_), ScalarType::Float)
        | (Value::Decimal(_), ScalarType::Decimal { .. })
        | (Value::String(_), ScalarType::String)
        | (Value::Timestamp(_), ScalarType::Timestamp)
        | (Value::Duration(_), ScalarType::Duration)
        | (Value::Bytes(_), ScalarType::Bytes)
        | (Value::Date(_), ScalarType::Date)
        | (Value::Uuid(_), ScalarType::Uuid) => true,
        (Value::String(name), ScalarType::Enum(names)) => names.has(name),
        (Value::List(values), ScalarType::List(element)) => {
            values.len() <= ELEMENTS_MAX && values.iter().all(|value| may_be(value, *element))
        }
        (Value::Map(entries), ScalarType::Map(map)) => {
            let ordered = entries.windows(2).all(|pair| pair[0].0.compare(&pair[1].0).is_lt());
            ordered && entries.iter().all(|(key, value)| is_of(key, map.key) && may_be(value, map.value))
        }
        (Value::Record(values), ScalarType::Record(record)) => {
            values.len() == record.fields.len()
                && values.iter().zip(&record.fields).all(|(value, field)| may_be(value, field.element))
        }
        _ => false,
    }
}
