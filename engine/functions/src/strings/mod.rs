//! Functions of texts.

crate::define::functions! {
    lower,
    upper,
    trim,
    trim_start,
    trim_end,
    length,
    starts_with,
    ends_with,
    contains,
    substring,
}
