//! Names, types and rules: what must hold before a plan is made.

pub(crate) mod declared;
pub(crate) mod expr;
pub(crate) mod function;
pub(crate) mod typed;
