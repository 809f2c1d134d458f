//! Names, types and rules: what must hold before a plan is made.

pub(crate) mod aggregate;
pub(crate) mod declared;
pub(crate) mod expr;
mod from_outside;
pub(crate) mod param;
pub(crate) mod typed;
