//! Functions that match patterns, in the syntax of the `regex` crate.

mod pattern;
mod template;

crate::define::functions! {
    matches, regexp_extract, regexp_extract_all, regexp_replace, regexp_split, regexp_count, regexp_position,
}
