//! Functions that handle null, and that make one type from another.

crate::define::functions! {
    coalesce,
    int,
    float,
    string,
    timestamp,
    bool,
    decimal,
}
