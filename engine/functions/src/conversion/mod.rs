//! Functions that handle null, and that make one type from another.

crate::define::functions! {
    coalesce, if_null, null_if, is_blank, blank_to_null, int, float, decimal, string, timestamp, bool, date, uuid, bytes, try_int, try_float,
    try_decimal, try_timestamp, try_bool,
}
