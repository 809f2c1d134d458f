//! The functions of lists and maps; what each takes and gives is written at [`Collection`].

use super::EvalError;
use crate::half_even::divide_half_even;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use tidegate_model::expr::Collection;
use tidegate_model::nested::ELEMENTS_MAX;
use tidegate_model::{ScalarType, Value};

/// The element at an index, which counts from the end if it is negative.
pub(super) fn at(values: &[Value], index: i64) -> Option<&Value> {
    let index = if index < 0 { index.checked_add(values.len() as i64)? } else { index };
    values.get(usize::try_from(index).ok()?)
}

/// `values` are not null (but what `contains` looks for may be), and of the arguments' types, of which `first` is the first.
pub(super) fn call(function: Collection, values: &[Value], first: ScalarType) -> Result<Value, EvalError> {
    Ok(match (function, values) {
        (Collection::Length, [Value::List(list)]) => Value::Int(list.len() as i64),
        (Collection::Length, [Value::Map(entries)]) => Value::Int(entries.len() as i64),
        (Collection::First, [Value::List(list)]) => list.first().cloned().unwrap_or(Value::Null),
        (Collection::Last, [Value::List(list)]) => list.last().cloned().unwrap_or(Value::Null),
        (Collection::Contains, [Value::List(list), element]) => {
            Value::Bool(list.iter().any(|value| value.compare(element).is_eq()))
        }
        (Collection::Concat, [Value::List(a), Value::List(b)]) => {
            bounded(a.len() + b.len())?;
            Value::List(a.iter().chain(b.iter()).cloned().collect())
        }
        (Collection::Slice, [Value::List(list), Value::Int(from), Value::Int(to)]) => {
            let place = |index: i64| {
                let length = list.len() as i64;
                let index = if index < 0 { index.saturating_add(length) } else { index };
                index.clamp(0, length) as usize
            };
            Value::List(list.get(place(*from)..place(*to)).unwrap_or_default().into())
        }
        (Collection::Reverse, [Value::List(list)]) => Value::List(list.iter().rev().cloned().collect()),
        (Collection::Distinct, [Value::List(list)]) => {
            let mut seen = BTreeSet::new();
            Value::List(list.iter().filter(|value| seen.insert(Ordered(value))).cloned().collect())
        }
        (Collection::Sort, [Value::List(list)]) => {
            let mut sorted = list.to_vec();
            sorted.sort_by(null_last);
            Value::List(sorted.into())
        }
        (Collection::Sum, [Value::List(list)]) => sum(list, element_type(first))?,
        (Collection::Avg, [Value::List(list)]) => average(list, element_type(first))?,
        (Collection::Min, [Value::List(list)]) => {
            present(list).min_by(|a, b| a.compare(b)).cloned().unwrap_or(Value::Null)
        }
        (Collection::Max, [Value::List(list)]) => {
            present(list).max_by(|a, b| a.compare(b)).cloned().unwrap_or(Value::Null)
        }
        (Collection::Join, [Value::List(list), Value::String(between)]) => {
            let parts = present(list).map(|value| match value {
                Value::String(text) => &**text,
                other => panic!("strings are joined, not {other:?}"),
            });
            Value::String(parts.collect::<Vec<&str>>().join(between).into())
        }
        (Collection::Split, [Value::String(text), Value::String(separator)]) => {
            if separator.is_empty() {
                return Ok(Value::List([Value::String(text.clone())].into()));
            }
            bounded(text.matches(&**separator).count() + 1)?;
            Value::List(text.split(&**separator).map(|part| Value::String(part.into())).collect())
        }
        (Collection::Flatten, [Value::List(lists)]) => {
            let inner = |value: &'_ Value| match value {
                Value::List(list) => list.clone(),
                other => panic!("lists are flattened, not {other:?}"),
            };
            bounded(present(lists).map(|list| inner(list).len()).sum())?;
            Value::List(present(lists).flat_map(|list| inner(list).to_vec()).collect())
        }
        (Collection::Zip, [Value::List(a), Value::List(b)]) => {
            let pairs = a.iter().zip(b.iter());
            Value::List(pairs.map(|(a, b)| Value::Record([a.clone(), b.clone()].into())).collect())
        }
        (Collection::Range, [Value::Int(end)]) => {
            let end = (*end).max(0);
            bounded(usize::try_from(end).unwrap_or(usize::MAX))?;
            Value::List((0..end).map(Value::Int).collect())
        }
        (Collection::Keys, [Value::Map(entries)]) => {
            Value::List(entries.iter().map(|(key, _)| key.clone()).collect())
        }
        (Collection::Values, [Value::Map(entries)]) => {
            Value::List(entries.iter().map(|(_, value)| value.clone()).collect())
        }
        (Collection::Entries, [Value::Map(entries)]) => Value::List(
            entries.iter().map(|(key, value)| Value::Record([key.clone(), value.clone()].into())).collect(),
        ),
        (Collection::HasKey, [Value::Map(entries), key]) => Value::Bool(Value::get(entries, key).is_some()),
        (Collection::Merge, [Value::Map(a), Value::Map(b)]) => {
            bounded(a.len() + b.len())?;
            Value::map(a.iter().chain(b.iter()).cloned().collect())
        }
        (function, values) => panic!("the checker lets {function:?} have no {values:?}"),
    })
}

pub(super) fn bounded(length: usize) -> Result<(), EvalError> {
    if length <= ELEMENTS_MAX { Ok(()) } else { Err(EvalError::TooLong) }
}

/// The order of `sort` and `sort_by`.
pub(super) fn null_last(a: &Value, b: &Value) -> Ordering {
    a.is_null().cmp(&b.is_null()).then_with(|| a.compare(b))
}

fn present(list: &[Value]) -> impl Iterator<Item = &Value> {
    list.iter().filter(|value| !value.is_null())
}

fn element_type(list: ScalarType) -> ScalarType {
    match list {
        ScalarType::List(element) => element.ty,
        other => panic!("a list is calculated with, not {other}"),
    }
}

fn sum(list: &[Value], ty: ScalarType) -> Result<Value, EvalError> {
    let mut total = 0i128;
    let mut float = 0.0;
    for value in present(list) {
        let whole = match value {
            Value::Int(value) | Value::Duration(value) => i128::from(*value),
            Value::Decimal(digits) => *digits,
            Value::Float(value) => {
                float += value;
                continue;
            }
            other => panic!("numbers are summed, not {other:?}"),
        };
        total = total.checked_add(whole).ok_or(EvalError::Overflow)?;
    }
    let whole = || i64::try_from(total).map_err(|_| EvalError::Overflow);
    Ok(match ty {
        ScalarType::Float => Value::Float(float),
        ScalarType::Decimal { .. } => Value::Decimal(total),
        ScalarType::Duration => Value::Duration(whole()?),
        _ => Value::Int(whole()?),
    })
}

fn average(list: &[Value], ty: ScalarType) -> Result<Value, EvalError> {
    let count = present(list).count() as i64;
    if count == 0 {
        return Ok(Value::Null);
    }
    Ok(match (sum(list, ty)?, ty) {
        (Value::Decimal(total), ScalarType::Decimal { scale, .. }) => {
            // As `avg` over events: four digits more, as far as there are any.
            let more = average_scale(scale) - scale;
            let numerator = total.checked_mul(10i128.pow(u32::from(more))).ok_or(EvalError::Overflow)?;
            Value::Decimal(divide_half_even(numerator, i128::from(count)))
        }
        (Value::Int(total), _) => Value::Float(total as f64 / count as f64),
        (Value::Float(total), _) => Value::Float(total / count as f64),
        (other, _) => panic!("numbers have a mean, not {other:?}"),
    })
}

/// The scale of the mean of decimals.
fn average_scale(scale: u8) -> u8 {
    const SCALE_MAX: u8 = 18;
    (scale + 4).min(SCALE_MAX)
}

/// Values in [`Value::compare`]'s order.
struct Ordered<'a>(&'a Value);

impl PartialEq for Ordered<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ordered<'_> {}

impl PartialOrd for Ordered<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.compare(other.0)
    }
}
