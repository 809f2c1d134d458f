//! Dates and times of day on the wall's clock, counted in microseconds since 1970-01-01T00:00:00 on that clock.

use crate::arguments::CallSite;
use crate::error::BadArgument;
use crate::function::Evaluator;
use crate::zone::Zone;
use std::sync::Arc;
use tidegate_model::Value;
use tidegate_model::time::{civil_from_days, days_from_civil};

pub(crate) const SECOND: i64 = 1_000_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// A time on the wall's clock, taken apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Wall {
    /// Since 1970-01-01.
    pub(crate) days: i64,
    pub(crate) year: i64,
    /// 1 to 12.
    pub(crate) month: i64,
    /// 1 to 31.
    pub(crate) day: i64,
    /// Microseconds since midnight.
    pub(crate) time: i64,
}

impl Wall {
    pub(crate) fn new(micros: i64) -> Wall {
        let days = micros.div_euclid(DAY);
        let (year, month, day) = civil_from_days(days);
        Wall { days, year, month: i64::from(month), day: i64::from(day), time: micros.rem_euclid(DAY) }
    }

    /// 1 = Monday to 7 = Sunday.
    pub(crate) fn weekday(self) -> i64 {
        // 1970-01-01 was a Thursday, ISO weekday 4.
        (self.days + 3).rem_euclid(7) + 1
    }

    /// 1 to 366.
    pub(crate) fn day_of_year(self) -> i64 {
        self.days - days_from_civil(self.year, 1, 1) + 1
    }

    /// ISO 8601: the year and week of the Thursday of this date's week.
    pub(crate) fn iso_week(self) -> (i64, i64) {
        let thursday = self.days + 4 - self.weekday();
        let (year, _, _) = civil_from_days(thursday);
        (year, (thursday - days_from_civil(year, 1, 1)) / 7 + 1)
    }
}

pub(crate) fn days_in_month(year: i64, month: i64) -> i64 {
    let (next_year, next_month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    days_from_civil(next_year, next_month as u32, 1) - days_from_civil(year, month as u32, 1)
}

/// The evaluator of a function (timestamp, zone) that gives a part of the date or time of day.
pub(crate) fn part(site: &CallSite<'_>, of: fn(Wall) -> i64) -> Result<Evaluator, BadArgument> {
    let zone = Zone::new(site, 1)?;
    Ok(Arc::new(move |arguments| {
        let wall = zone.of(arguments)?.wall(arguments.timestamp(0))?;
        Ok(Value::Int(of(Wall::new(wall))))
    }))
}
