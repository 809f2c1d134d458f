//! How an accumulator follows the rows of a table as they come, change and go.
//!
//! Each of these says whether the accumulator still has what all rows together would give it. If not it is *stale*: it must be worked out anew from
//! all rows, in the order of their keys.

use crate::accumulator::Accumulator;
use crate::batch::Column;
use crate::statistics::Statistic;
use std::cmp::Ordering;
use tidegate_model::plan::{AggregateCall, AggregateFunction};
use tidegate_model::{EventTime, ScalarType, Value};

/// What a function takes of a row: its argument (none for `count()`) in a column of such values, and the row's time.
#[derive(Clone, Copy)]
pub struct Taken<'a> {
    pub argument: Option<(&'a Column, ScalarType)>,
    pub row: usize,
    pub time: EventTime,
}

impl Taken<'_> {
    fn is_null(&self) -> bool {
        self.argument.is_some_and(|(column, _)| column.is_null(self.row))
    }

    fn value(&self) -> Value {
        let (column, ty) = self.argument.expect("only `count()` takes nothing of a row");
        column.value(self.row, ty)
    }
}

impl Accumulator {
    /// Could it ever be stale?
    pub fn may_be_stale(call: &AggregateCall) -> bool {
        !matches!(call.function, AggregateFunction::Count | AggregateFunction::CountIf)
    }

    /// A row is another one, has come (there is none `before`), or is gone (`now`).
    pub fn follow(&mut self, before: Option<Taken<'_>>, now: Option<Taken<'_>>) -> bool {
        let before = before.filter(|taken| !taken.is_null());
        let now = now.filter(|taken| !taken.is_null());
        match (before, now) {
            (None, None) => true,
            (None, Some(now)) => self.add(now),
            (Some(before), None) => self.remove(before),
            (Some(before), Some(now)) => {
                if self.is_same(before, now) {
                    return true;
                }
                if self.place(now).is_some_and(Ordering::is_lt) {
                    // It takes the place of what is kept, so it does not matter what it was before.
                    return self.add(now);
                }
                self.remove(before) && self.add(now)
            }
        }
    }

    /// Does the row give the function what it gave before?
    fn is_same(&self, before: Taken<'_>, now: Taken<'_>) -> bool {
        let is_timed = matches!(self, Accumulator::First { .. } | Accumulator::Last { .. });
        match self {
            // It costs less to do it than to find out.
            Accumulator::Count(_) | Accumulator::CountIf(_) | Accumulator::Sum { .. } => false,
            _ => before.value() == now.value() && (!is_timed || before.time == now.time),
        }
    }

    /// Of those that keep one row's value: is this one before it (would it be kept), or behind it? None: of all others.
    fn place(&self, taken: Taken<'_>) -> Option<Ordering> {
        match self {
            Accumulator::Min(kept) if !kept.is_null() => Some(taken.value().compare(kept)),
            Accumulator::Max(kept) if !kept.is_null() => Some(kept.compare(&taken.value())),
            Accumulator::First { at, value } if !value.is_null() => Some(taken.time.cmp(at)),
            Accumulator::Last { at, value } if !value.is_null() => Some(at.cmp(&taken.time)),
            Accumulator::Statistic(statistic) => match &**statistic {
                Statistic::Extreme(extreme) => extreme.place_of(&taken.value()),
                _ => None,
            },
            _ => None,
        }
    }

    fn add(&mut self, taken: Taken<'_>) -> bool {
        let in_order = match &*self {
            // A float's last digits, and a list, depend on the order of the rows.
            Accumulator::SumFloat { .. } | Accumulator::Collect { .. } => true,
            Accumulator::Statistic(statistic) => matches!(**statistic, Statistic::Moments(_)),
            // Of equal times the keys decide.
            Accumulator::First { .. } | Accumulator::Last { .. } => {
                self.place(taken).is_some_and(Ordering::is_eq)
            }
            _ => false,
        };
        if in_order {
            return false;
        }
        self.update(taken.argument, taken.row, taken.time);
        !self.is_at_its_end()
    }

    fn remove(&mut self, taken: Taken<'_>) -> bool {
        if self.is_at_its_end() {
            return false;
        }
        match self {
            Accumulator::Count(count) => *count -= 1,
            Accumulator::CountIf(count) => *count -= i64::from(taken.value() == Value::Bool(true)),
            Accumulator::Sum { total, count } => {
                let value = match taken.value() {
                    Value::Decimal(value) => value,
                    Value::Int(value) | Value::Duration(value) => i128::from(value),
                    other => panic!("a sum over {other:?}"),
                };
                *total = total.saturating_sub(value);
                *count -= 1;
                return !self.is_at_its_end();
            }
            Accumulator::Statistic(statistic) => match &mut **statistic {
                Statistic::Counts(counts) => return counts.remove(taken.value()),
                Statistic::Histogram(histogram) => histogram.remove(&taken.value()),
                // One that is of no account was never taken in.
                Statistic::Extreme(extreme) => {
                    return extreme.place_of(&taken.value()).is_none_or(Ordering::is_gt);
                }
                Statistic::Distinct(_)
                | Statistic::HyperLogLog(_)
                | Statistic::Moments(_)
                | Statistic::Quantiles(_) => return false,
            },
            Accumulator::Min(_)
            | Accumulator::Max(_)
            | Accumulator::First { .. }
            | Accumulator::Last { .. } => {
                return self.place(taken).is_some_and(Ordering::is_gt);
            }
            Accumulator::SumFloat { .. } | Accumulator::Collect { .. } => return false,
        }
        true
    }

    /// A sum that has come to the end of its range does not know how far behind it it is.
    fn is_at_its_end(&self) -> bool {
        matches!(self, Accumulator::Sum { total: i128::MAX | i128::MIN, .. })
    }
}
