//! The aggregate functions over all the values at once.

use super::evaluate::value;
use super::row::{Key, Row};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use tidegate_model::plan::{AggregateCall, AggregateFunction};
use tidegate_model::{ScalarType, Value};

/// The results over rows, which stand in the order in which they count.
pub fn results(calls: &[AggregateCall], types: &[ScalarType], rows: &[&Row]) -> Vec<Value> {
    calls.iter().map(|call| result(call, types, rows)).collect()
}

fn result(call: &AggregateCall, types: &[ScalarType], rows: &[&Row]) -> Value {
    use AggregateFunction::*;
    let Some(argument) = &call.argument else { return Value::Int(rows.len() as i64) };
    let all = rows.iter().map(|row| (row.time, value(argument, types, &row.values)));
    // Nulls are passed over, as in SQL.
    let timed: Vec<(i64, Value)> = all.filter(|(_, value)| !value.is_null()).collect();
    let values: Vec<Value> = timed.iter().map(|(_, value)| value.clone()).collect();
    let is = |wanted: bool| values.iter().filter(|value| **value == Value::Bool(wanted)).count();
    match call.function {
        Count => Value::Int(values.len() as i64),
        CountIf => Value::Int(is(true) as i64),
        CountDistinct => Value::Int(distinct(&values).len() as i64),
        Collect { limit } => Value::List(values.iter().take(limit as usize).cloned().collect()),
        CollectDistinct { limit } => {
            let mut first: BTreeSet<Key> = BTreeSet::new();
            for value in values {
                if first.len() < limit as usize {
                    first.insert(Key(vec![value]));
                }
            }
            Value::List(first.into_iter().flat_map(|key| key.0).collect())
        }
        Histogram => {
            let mut counts = vec![0; call.bounds.len() + 1];
            for value in &values {
                counts[call.bounds.iter().filter(|bound| bound.compare(value).is_le()).count()] += 1;
            }
            Value::List(counts.into_iter().map(Value::Int).collect())
        }
        _ if values.is_empty() => Value::Null,
        Sum => sum(&values, argument.ty),
        Avg => average(&values, argument.ty, call.ty),
        Min => extreme(&values, |value, best| value.compare(best).is_lt()),
        Max => extreme(&values, |value, best| value.compare(best).is_gt()),
        // Among equal times the first that was read, and the last.
        First => timed[(0..timed.len()).min_by_key(|at| (timed[*at].0, *at)).expect("not empty")].1.clone(),
        Last => timed[(0..timed.len()).max_by_key(|at| (timed[*at].0, *at)).expect("not empty")].1.clone(),
        Any => Value::Bool(is(true) > 0),
        All => Value::Bool(is(false) == 0),
        Mode => most_often(&values)[0].0.clone(),
        // The value at the least of another one; among equal ones the least value.
        MinBy => by(&values, Ordering::is_lt),
        MaxBy => by(&values, Ordering::is_gt),
        ApproxCountDistinct | Variance | StdDev | Percentile { .. } | Median | TopK { .. } => {
            panic!("the reference does not work out `{}`", call.function.keyword())
        }
    }
}

fn distinct(values: &[Value]) -> BTreeSet<Key> {
    values.iter().map(|value| Key(vec![value.clone()])).collect()
}

/// The different values, most frequent first; of equally frequent ones the least.
fn most_often(values: &[Value]) -> Vec<(Value, usize)> {
    let mut counts: BTreeMap<Key, usize> = BTreeMap::new();
    for value in values {
        *counts.entry(Key(vec![value.clone()])).or_default() += 1;
    }
    let mut counts: Vec<(Value, usize)> =
        counts.into_iter().map(|(key, count)| (key.0[0].clone(), count)).collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}

fn extreme(values: &[Value], is_better: impl Fn(&Value, &Value) -> bool) -> Value {
    let mut best = &values[0];
    for value in values {
        if is_better(value, best) {
            best = value;
        }
    }
    best.clone()
}

/// Arguments are records of the value and what it is ordered by.
fn by(values: &[Value], is_better: impl Fn(Ordering) -> bool) -> Value {
    let parts = |record: &Value| match record {
        Value::Record(fields) => (fields[0].clone(), fields[1].clone()),
        other => panic!("{other:?} is no record of a value and its order"),
    };
    let mut best: Option<(Value, Value)> = None;
    for (value, order) in values.iter().map(parts).filter(|(_, order)| !order.is_null()) {
        let takes = best.as_ref().is_none_or(|(known, known_order)| {
            let compared = order.compare(known_order);
            is_better(compared) || (compared.is_eq() && value.compare(known).is_lt())
        });
        if takes {
            best = Some((value, order));
        }
    }
    best.map_or(Value::Null, |(value, _)| value)
}

fn digits(value: &Value) -> i128 {
    match value {
        Value::Int(value) | Value::Duration(value) => i128::from(*value),
        Value::Decimal(value) => *value,
        other => panic!("{other:?} has no digits"),
    }
}

fn float(value: &Value) -> f64 {
    match value {
        Value::Float(value) => *value,
        other => panic!("{other:?} is no float"),
    }
}

/// Sums of floats depend on the order, unless they are exact; and what is compared is exact.
fn sum(values: &[Value], ty: ScalarType) -> Value {
    if ty == ScalarType::Float {
        return Value::Float(values.iter().map(float).sum());
    }
    let sum: i128 = values.iter().map(digits).sum();
    match ty {
        ScalarType::Decimal { .. } => Value::Decimal(sum),
        ScalarType::Duration => Value::Duration(sum as i64),
        _ => Value::Int(sum as i64),
    }
}

/// Of ints and floats a float; of decimals with more digits, rounded half to even.
fn average(values: &[Value], ty: ScalarType, result: ScalarType) -> Value {
    if ty == ScalarType::Float {
        return Value::Float(values.iter().map(float).sum::<f64>() / values.len() as f64);
    }
    let (sum, count) = (values.iter().map(digits).sum::<i128>(), values.len() as i128);
    if !matches!(ty, ScalarType::Decimal { .. }) {
        return Value::Float(sum as f64 / count as f64);
    }
    let scaled = sum * 10i128.pow(u32::from(result.scale() - ty.scale()));
    let (below, rest) = (scaled.div_euclid(count), scaled.rem_euclid(count));
    let up = 2 * rest > count || (2 * rest == count && below % 2 != 0);
    Value::Decimal(below + i128::from(up))
}
