//! The order of values of one type.

use std::cmp::Ordering;
use tidegate_model::Value;

/// Floats by IEEE 754's total order, strings by their code points; as the language's comparisons order them.
pub(crate) fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Int(a), Value::Int(b))
        | (Value::Timestamp(a), Value::Timestamp(b))
        | (Value::Duration(a), Value::Duration(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => a.total_cmp(b),
        (Value::Decimal(a), Value::Decimal(b)) => a.cmp(b),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (a, b) => panic!("the checker lets only values of one type be compared, not {a:?} and {b:?}"),
    }
}
