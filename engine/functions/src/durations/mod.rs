//! Functions of lengths of time.

crate::define::functions! {
    in_days, in_hours, in_minutes, in_seconds, in_millis, duration_of, parse_duration,
}
