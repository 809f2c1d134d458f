//! The functions that look at many events: they stand in `aggregate` and `rolling` only.

pub(crate) const AGGREGATES: [&str; 9] =
    ["count", "sum", "min", "max", "avg", "first", "last", "collect", "collect_distinct"];

/// Is this the name of such a function?
pub fn is_aggregate(name: &str) -> bool {
    AGGREGATES.contains(&name)
}
