//! Functions that match patterns, in the syntax of the `regex` crate.

mod pattern;
mod template;

crate::define::functions! {
    matches, regexp_extract, regexp_replace, regexp_count, regexp_position,
}
