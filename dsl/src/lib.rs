//! tidegate-dsl
