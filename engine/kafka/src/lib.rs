//! tidegate-kafka
