//! Functions of instants and calendars.

crate::define::functions! {
    year,
    month,
    day,
    hour,
    minute,
    weekday,
    floor_time,
    epoch_millis,
}
