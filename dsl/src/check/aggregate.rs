//! The functions that look at many events: they stand in `aggregate` and `rolling` only.

use std::sync::LazyLock;

/// Their names, in the order of the reference.
pub(crate) static AGGREGATES: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| tidegate_functions::aggregates().iter().map(|function| function.name).collect());

/// Is this the name of such a function?
pub fn is_aggregate(name: &str) -> bool {
    AGGREGATES.contains(&name)
}
