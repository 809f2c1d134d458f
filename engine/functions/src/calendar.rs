//! Dates and times of day on the wall's clock, counted in microseconds since 1970-01-01T00:00:00 on that clock.

use crate::arguments::CallSite;
use crate::error::{BadArgument, FunctionError, quoted};
use crate::function::Evaluator;
use crate::zone::{Local, Zone};
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

/// A wall time so many months later; a day that the month does not have becomes its last.
pub(crate) fn add_months(wall: i64, months: i64) -> Result<i64, FunctionError> {
    let from = Wall::new(wall);
    let number = (from.year * 12 + from.month - 1).checked_add(months).ok_or(FunctionError::Overflow)?;
    let (year, month) = (number.div_euclid(12), number.rem_euclid(12) + 1);
    // Microseconds reach to the year 294,000; a year far beyond would not even fit the calendar's own arithmetic.
    if year.abs() > YEAR_MAX {
        return Err(FunctionError::Overflow);
    }
    let day = from.day.min(days_in_month(year, month));
    let days = days_from_civil(year, month as u32, day as u32);
    days.checked_mul(DAY).and_then(|start| start.checked_add(from.time)).ok_or(FunctionError::Overflow)
}

const YEAR_MAX: i64 = 300_000;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

const UNITS: [(&str, Unit); 8] = [
    ("second", Unit::Second),
    ("minute", Unit::Minute),
    ("hour", Unit::Hour),
    ("day", Unit::Day),
    ("week", Unit::Week),
    ("month", Unit::Month),
    ("quarter", Unit::Quarter),
    ("year", Unit::Year),
];

impl Unit {
    /// The unit that a constant in a place of a call names, in the singular or the plural.
    pub(crate) fn new(site: &CallSite<'_>, argument: usize) -> Result<Unit, BadArgument> {
        let name = site.string(argument).unwrap_or_default();
        let singular = name.strip_suffix('s').unwrap_or(name);
        let found = UNITS.iter().find(|(unit, _)| *unit == singular).map(|(_, unit)| *unit);
        found.ok_or_else(|| {
            let names: Vec<&str> = UNITS.iter().map(|(name, _)| *name).collect();
            BadArgument::new(argument, format!("there is no unit {}", quoted(name)))
                .note(format!("there is {}", names.join(", ")))
        })
    }

    /// Microseconds; None: a month, a quarter and a year differ in length.
    pub(crate) fn length(self) -> Option<i64> {
        Some(match self {
            Unit::Second => SECOND,
            Unit::Minute => MINUTE,
            Unit::Hour => HOUR,
            Unit::Day => DAY,
            Unit::Week => 7 * DAY,
            Unit::Month | Unit::Quarter | Unit::Year => return None,
        })
    }

    fn months(self) -> i64 {
        match self {
            Unit::Year => 12,
            Unit::Quarter => 3,
            _ => 1,
        }
    }

    /// Which of its kind holds a wall time, counted from the one that holds 1970-01-01 (a week: from the Monday before).
    fn number(self, wall: i64) -> i64 {
        match self {
            Unit::Second | Unit::Minute | Unit::Hour | Unit::Day => {
                wall.div_euclid(self.length().unwrap_or(DAY))
            }
            // 1970-01-01 was a Thursday.
            Unit::Week => (wall.div_euclid(DAY) + 3).div_euclid(7),
            Unit::Month | Unit::Quarter | Unit::Year => {
                let wall = Wall::new(wall);
                ((wall.year - 1970) * 12 + wall.month - 1).div_euclid(self.months())
            }
        }
    }

    /// The instant at which the unit that holds an instant began.
    pub(crate) fn start(self, micros: i64, zone: Local) -> Result<i64, FunctionError> {
        let wall = zone.wall(micros)?;
        if let Unit::Second | Unit::Minute | Unit::Hour = self {
            // Counted back from the instant, so that the second of two equal hours keeps its place.
            let since = wall.rem_euclid(self.length().unwrap_or(SECOND));
            return micros.checked_sub(since).ok_or(FunctionError::Overflow);
        }
        let date = Wall::new(wall);
        let days = match self {
            Unit::Week => date.days - (date.weekday() - 1),
            Unit::Month | Unit::Quarter | Unit::Year => {
                let month = (date.month - 1) / self.months() * self.months() + 1;
                days_from_civil(date.year, month as u32, 1)
            }
            _ => date.days,
        };
        zone.instant(days.checked_mul(DAY).ok_or(FunctionError::Overflow)?)
    }

    /// How many starts of this unit are passed between two instants.
    pub(crate) fn passed(self, from: i64, to: i64, zone: Local) -> Result<i64, FunctionError> {
        if let Unit::Second | Unit::Minute | Unit::Hour = self {
            let span = self.start(to, zone)?.checked_sub(self.start(from, zone)?);
            return span.map(|span| span / self.length().unwrap_or(SECOND)).ok_or(FunctionError::Overflow);
        }
        Ok(self.number(zone.wall(to)?) - self.number(zone.wall(from)?))
    }

    /// How many whole units lie between two instants, `from` not after `to`.
    pub(crate) fn whole(self, from: i64, to: i64, zone: Local) -> Result<i64, FunctionError> {
        // An hour is an hour on any clock; a day is from one time of day to the same.
        let (from, to) = match self {
            Unit::Second | Unit::Minute | Unit::Hour => (from, to),
            _ => (zone.wall(from)?, zone.wall(to)?),
        };
        if let Some(length) = self.length() {
            let span = to.checked_sub(from).ok_or(FunctionError::Overflow)?;
            return Ok(span / length);
        }
        let months = Unit::Month.number(to) - Unit::Month.number(from);
        let reached = add_months(from, months)? <= to;
        Ok((months - i64::from(!reached)) / self.months())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_time_have_a_calendar() {
        for micros in [i64::MIN, i64::MAX, 0] {
            let wall = Wall::new(micros);
            assert!((1..=12).contains(&wall.month) && (1..=53).contains(&wall.iso_week().1));
            assert!((1..=366).contains(&wall.day_of_year()));
        }
        assert_eq!(add_months(0, i64::MAX), Err(FunctionError::Overflow));
        assert_eq!(add_months(i64::MAX, 1), Err(FunctionError::Overflow));
    }

    #[test]
    fn weeks_begin_on_monday() {
        // 1970-01-05 was a Monday.
        assert_eq!((Unit::Week.number(4 * DAY - 1), Unit::Week.number(4 * DAY)), (0, 1));
    }
}
