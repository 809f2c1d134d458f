//! Functions of instants and calendars. All take a time zone where a calendar is asked, and UTC is the default.

mod format;

crate::define::functions! {
    year, quarter, month, day, hour, minute, second, millisecond, weekday, weekday_name, month_name, iso_week, iso_year,
    day_of_year, days_in_month, is_weekend, is_leap_year, time_of_day, date_trunc, floor_time, start_of_day, start_of_month,
    end_of_month, add_days, add_months, date_diff, age, make_time, format_time, parse_time, zone_offset, epoch_seconds,
    epoch_millis, epoch_micros, from_epoch_seconds, from_epoch_millis, from_epoch_micros,
}
