//! The order of values of one type.

use std::cmp::Ordering;
use tidegate_model::Value;

/// Floats by IEEE 754's total order, strings by their code points; as the language's comparisons order them.
pub(crate) fn compare(a: &Value, b: &Value) -> Ordering {
    assert!(
        std::mem::discriminant(a) == std::mem::discriminant(b),
        "the checker lets only values of one type be compared, not {a:?} and {b:?}"
    );
    a.compare(b)
}
