//! Functions of numbers.

crate::define::functions! {
    abs,
    floor,
    ceil,
    round,
}
