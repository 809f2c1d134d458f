//! Names, types and rules: what must hold before a plan is made.

pub(crate) mod aggregate;
pub(crate) mod declared;
pub(crate) mod expr;
pub(crate) mod typed;
