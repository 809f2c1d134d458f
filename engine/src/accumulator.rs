//! The running state of one aggregate function over one key (and window slice). Any two can be combined, so that
//! partial results may travel in place of events and hopping windows may be put together from slices.

use crate::batch::{Column, ColumnData};
use crate::half_even::divide_half_even;
use crate::statistics::Statistic;
use crate::value_codec::{decode_value, encode_value};
use thiserror::Error;
use tidegate_model::plan::{AggregateCall, AggregateFunction, DISTINCT_MAX};
use tidegate_model::{EventTime, ScalarType, Value};
use tidegate_state::CodecError;
use tidegate_state::value::{self, Decoder};

#[derive(Clone, PartialEq, Debug)]
pub enum Accumulator {
    Count(i64),
    /// Exact, for ints and decimals; `count` of what was not null.
    Sum {
        total: i128,
        count: i64,
    },
    SumFloat {
        total: f64,
        count: i64,
    },
    Min(Value),
    Max(Value),
    First {
        at: EventTime,
        value: Value,
    },
    Last {
        at: EventTime,
        value: Value,
    },
    /// At most `limit` values; `distinct` ones are kept in order.
    Collect {
        limit: u32,
        distinct: bool,
        values: Vec<Value>,
    },
    /// How often a condition was true.
    CountIf(i64),
    /// Whatever is larger than the above.
    Statistic(Box<Statistic>),
}

/// Why an aggregate has no result.
#[derive(Clone, Copy, PartialEq, Eq, Error, Debug)]
pub enum ResultError {
    #[error("does not fit its type")]
    Overflow,
    #[error(
        "needs more than {DISTINCT_MAX} different values of one key, which is the most that is kept; count with `approx_count_distinct`, take windows that are shorter, or a key that is finer"
    )]
    TooMany,
}

impl Accumulator {
    pub fn new(call: &AggregateCall) -> Accumulator {
        if let Some(statistic) = Statistic::new(call) {
            return Accumulator::Statistic(Box::new(statistic));
        }
        let float = call.argument.as_ref().is_some_and(|argument| argument.ty == ScalarType::Float);
        match call.function {
            AggregateFunction::Count => Accumulator::Count(0),
            AggregateFunction::Sum | AggregateFunction::Avg if float => {
                Accumulator::SumFloat { total: 0.0, count: 0 }
            }
            AggregateFunction::Sum | AggregateFunction::Avg => Accumulator::Sum { total: 0, count: 0 },
            AggregateFunction::CountIf => Accumulator::CountIf(0),
            // False is less than true.
            AggregateFunction::Min | AggregateFunction::All => Accumulator::Min(Value::Null),
            AggregateFunction::Max | AggregateFunction::Any => Accumulator::Max(Value::Null),
            AggregateFunction::First => Accumulator::First { at: EventTime::MAX, value: Value::Null },
            AggregateFunction::Last => Accumulator::Last { at: EventTime::MIN, value: Value::Null },
            AggregateFunction::Collect { limit } => {
                Accumulator::Collect { limit, distinct: false, values: Vec::new() }
            }
            AggregateFunction::CollectDistinct { limit } => {
                Accumulator::Collect { limit, distinct: true, values: Vec::new() }
            }
            AggregateFunction::CountDistinct
            | AggregateFunction::ApproxCountDistinct
            | AggregateFunction::Variance
            | AggregateFunction::StdDev
            | AggregateFunction::Percentile { .. }
            | AggregateFunction::Median
            | AggregateFunction::TopK { .. }
            | AggregateFunction::Mode
            | AggregateFunction::Histogram
            | AggregateFunction::MinBy
            | AggregateFunction::MaxBy => panic!("{:?} is a statistic", call.function),
        }
    }

    /// Takes one event in. `argument` is None for `count()`.
    #[inline]
    pub fn update(&mut self, argument: Option<(&Column, ScalarType)>, row: usize, at: EventTime) {
        let Some((column, ty)) = argument else {
            if let Accumulator::Count(count) = self {
                *count += 1;
            }
            return;
        };
        if column.is_null(row) {
            return;
        }
        match self {
            Accumulator::Count(count) => *count += 1,
            Accumulator::Sum { total, count } => {
                let value = match &column.data {
                    ColumnData::Decimal(values) => values[row],
                    ColumnData::Int(values) => i128::from(values[row]),
                    other => panic!("a sum over {other:?}"),
                };
                // The end of the range is behind every type of a result: it is told as an overflow.
                *total = total.saturating_add(value);
                *count += 1;
            }
            Accumulator::SumFloat { total, count } => {
                let ColumnData::Float(values) = &column.data else {
                    panic!("a float sum over {:?}", column.data)
                };
                *total += values[row];
                *count += 1;
            }
            Accumulator::CountIf(count) => {
                let ColumnData::Bool(values) = &column.data else {
                    panic!("a condition over {:?}", column.data)
                };
                *count += i64::from(values[row]);
            }
            Accumulator::Statistic(statistic) => statistic.update(column.value(row, ty), ty),
            _ => self.update_value(column.value(row, ty), at),
        }
    }

    fn update_value(&mut self, value: Value, at: EventTime) {
        match self {
            Accumulator::Min(least) => {
                if least.is_null() || value.compare(least).is_lt() {
                    *least = value;
                }
            }
            Accumulator::Max(greatest) => {
                if greatest.is_null() || greatest.compare(&value).is_lt() {
                    *greatest = value;
                }
            }
            Accumulator::First { at: first, value: kept } => {
                if kept.is_null() || at < *first {
                    (*first, *kept) = (at, value);
                }
            }
            Accumulator::Last { at: last, value: kept } => {
                if kept.is_null() || at >= *last {
                    (*last, *kept) = (at, value);
                }
            }
            Accumulator::Collect { limit, distinct, values } => {
                let full = values.len() >= *limit as usize;
                if *distinct {
                    match values.binary_search_by(|known| known.compare(&value)) {
                        Err(place) if !full => values.insert(place, value),
                        _ => {}
                    }
                } else if !full {
                    values.push(value);
                }
            }
            Accumulator::Count(_)
            | Accumulator::CountIf(_)
            | Accumulator::Sum { .. }
            | Accumulator::SumFloat { .. }
            | Accumulator::Statistic(_) => {
                panic!("sums, counts and statistics are updated from columns")
            }
        }
    }

    /// Takes in what another accumulator of the same function has seen, later than this one.
    pub fn combine(&mut self, other: &Accumulator) {
        match (&mut *self, other) {
            (Accumulator::Count(count), Accumulator::Count(more))
            | (Accumulator::CountIf(count), Accumulator::CountIf(more)) => *count += more,
            (Accumulator::Sum { total, count }, Accumulator::Sum { total: more, count: seen }) => {
                *total = total.saturating_add(*more);
                *count += seen;
            }
            (Accumulator::SumFloat { total, count }, Accumulator::SumFloat { total: more, count: seen }) => {
                *total += more;
                *count += seen;
            }
            (Accumulator::Min(_), Accumulator::Min(value))
            | (Accumulator::Max(_), Accumulator::Max(value)) => {
                if !value.is_null() {
                    self.update_value(value.clone(), EventTime::MIN);
                }
            }
            (Accumulator::First { .. }, Accumulator::First { at, value })
            | (Accumulator::Last { .. }, Accumulator::Last { at, value }) => {
                if !value.is_null() {
                    self.update_value(value.clone(), *at);
                }
            }
            (Accumulator::Collect { .. }, Accumulator::Collect { values, .. }) => {
                values.iter().for_each(|value| self.update_value(value.clone(), EventTime::MIN));
            }
            (Accumulator::Statistic(mine), Accumulator::Statistic(theirs)) => mine.combine(theirs),
            (mine, theirs) => panic!("{mine:?} cannot be combined with {theirs:?}"),
        }
    }

    /// The aggregate's value, of the call's type.
    pub fn result(&self, call: &AggregateCall) -> Result<Value, ResultError> {
        Ok(match self {
            Accumulator::Count(count) | Accumulator::CountIf(count) => Value::Int(*count),
            Accumulator::Sum { count: 0, .. } | Accumulator::SumFloat { count: 0, .. } => Value::Null,
            Accumulator::Sum { total, count } if call.function == AggregateFunction::Avg => {
                average(*total, *count, call)?
            }
            Accumulator::Sum { total, .. } => match call.ty {
                ScalarType::Decimal { precision, .. } => {
                    let fits = total.unsigned_abs() < 10u128.pow(u32::from(precision));
                    fits.then_some(Value::Decimal(*total)).ok_or(ResultError::Overflow)?
                }
                ScalarType::Duration => {
                    Value::Duration(i64::try_from(*total).map_err(|_| ResultError::Overflow)?)
                }
                _ => Value::Int(i64::try_from(*total).map_err(|_| ResultError::Overflow)?),
            },
            Accumulator::SumFloat { total, count } if call.function == AggregateFunction::Avg => {
                Value::Float(total / *count as f64)
            }
            Accumulator::SumFloat { total, .. } => Value::Float(*total),
            Accumulator::Min(value) | Accumulator::Max(value) => value.clone(),
            Accumulator::First { value, .. } | Accumulator::Last { value, .. } => value.clone(),
            Accumulator::Collect { values, .. } => Value::List(values.as_slice().into()),
            Accumulator::Statistic(statistic) => statistic.result(call)?,
        })
    }

    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Accumulator::Count(count) => {
                out.push(1);
                value::put_i64(out, *count);
            }
            Accumulator::Sum { total, count } => {
                out.push(2);
                value::put_i128(out, *total);
                value::put_i64(out, *count);
            }
            Accumulator::SumFloat { total, count } => {
                out.push(3);
                value::put_f64(out, *total);
                value::put_i64(out, *count);
            }
            Accumulator::Min(kept) => {
                out.push(4);
                encode_value(kept, out);
            }
            Accumulator::Max(kept) => {
                out.push(5);
                encode_value(kept, out);
            }
            Accumulator::First { at, value: kept } => {
                out.push(6);
                value::put_i64(out, at.micros());
                encode_value(kept, out);
            }
            Accumulator::Last { at, value: kept } => {
                out.push(7);
                value::put_i64(out, at.micros());
                encode_value(kept, out);
            }
            Accumulator::Collect { limit, distinct, values } => {
                out.extend_from_slice(&[8, u8::from(*distinct)]);
                value::put_u64(out, u64::from(*limit));
                value::put_u64(out, values.len() as u64);
                values.iter().for_each(|value| encode_value(value, out));
            }
            Accumulator::CountIf(count) => {
                out.push(9);
                value::put_i64(out, *count);
            }
            Accumulator::Statistic(statistic) => {
                out.push(10);
                statistic.encode(out);
            }
        }
    }

    /// About how many bytes a list or a statistic takes beyond the accumulator itself.
    pub fn heap_bytes(&self) -> usize {
        match self {
            Accumulator::Collect { values, .. } => {
                values.iter().map(|value| size_of::<Value>() + value.heap_bytes()).sum()
            }
            Accumulator::Statistic(statistic) => statistic.heap_bytes(),
            Accumulator::Min(value)
            | Accumulator::Max(value)
            | Accumulator::First { value, .. }
            | Accumulator::Last { value, .. } => value.heap_bytes(),
            _ => 0,
        }
    }

    pub fn decode(from: &mut Decoder<'_>) -> Result<Accumulator, CodecError> {
        Ok(match from.u8()? {
            1 => Accumulator::Count(from.i64()?),
            2 => Accumulator::Sum { total: from.i128()?, count: from.i64()? },
            3 => Accumulator::SumFloat { total: from.f64()?, count: from.i64()? },
            4 => Accumulator::Min(decode_value(from)?),
            5 => Accumulator::Max(decode_value(from)?),
            6 => Accumulator::First { at: EventTime::from_micros(from.i64()?), value: decode_value(from)? },
            7 => Accumulator::Last { at: EventTime::from_micros(from.i64()?), value: decode_value(from)? },
            8 => {
                let distinct = from.u8()? != 0;
                let limit = u32::try_from(from.u64()?).map_err(|_| CodecError::invalid("a limit"))?;
                let mut values = Vec::new();
                for _ in 0..from.u64()? {
                    values.push(decode_value(from)?);
                }
                Accumulator::Collect { limit, distinct, values }
            }
            9 => Accumulator::CountIf(from.i64()?),
            10 => Accumulator::Statistic(Box::new(Statistic::decode(from)?)),
            _ => return Err(CodecError::invalid("an accumulator's kind")),
        })
    }
}

/// The mean at the result's type; decimals are rounded half to even.
fn average(total: i128, count: i64, call: &AggregateCall) -> Result<Value, ResultError> {
    let ScalarType::Decimal { scale, .. } = call.ty else {
        return Ok(Value::Float(total as f64 / count as f64));
    };
    let argument_scale = call.argument.as_ref().map_or(0, |argument| argument.ty.scale());
    let factor = 10i128.pow(u32::from(scale - argument_scale));
    let numerator = total.checked_mul(factor).ok_or(ResultError::Overflow)?;
    Ok(Value::Decimal(divide_half_even(numerator, i128::from(count))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_that_fits_no_type_is_told_and_does_not_panic() {
        let ty = ScalarType::Decimal { precision: 38, scale: 0 };
        let argument = Some(tidegate_model::expr::Expr::column(0, ty, false));
        let call = AggregateCall {
            name: "n".to_owned(),
            function: AggregateFunction::Sum,
            argument,
            ty,
            nullable: false,
            bounds: Vec::new(),
        };
        let mut sum = Accumulator::new(&call);
        let column = Column { data: ColumnData::Decimal(vec![10i128.pow(38) - 1; 3]), nulls: None };
        sum.update(Some((&column, ty)), 0, EventTime::MIN);
        assert_eq!(sum.result(&call), Ok(Value::Decimal(10i128.pow(38) - 1)));
        sum.update(Some((&column, ty)), 1, EventTime::MIN);
        sum.update(Some((&column, ty)), 2, EventTime::MIN);
        assert_eq!(sum.result(&call), Err(ResultError::Overflow));
    }

    /// Else a cache of such groups takes many times the memory that it may.
    #[test]
    fn a_value_that_is_kept_is_counted_with_its_length() {
        let value = || Value::String("x".repeat(1_000).as_str().into());
        let at = EventTime::MIN;
        for kept in [
            Accumulator::Min(value()),
            Accumulator::Max(value()),
            Accumulator::First { at, value: value() },
            Accumulator::Last { at, value: value() },
            Accumulator::Collect { limit: 9, distinct: false, values: vec![value()] },
        ] {
            assert!(kept.heap_bytes() >= 1_000, "{kept:?}");
        }
    }

    #[test]
    fn collected_values_are_bounded_and_parts_of_them_go_together() {
        let collect = |distinct, limit, values: &[i64]| {
            let mut made = Accumulator::Collect { limit, distinct, values: Vec::new() };
            values.iter().for_each(|value| made.update_value(Value::Int(*value), EventTime::MIN));
            made
        };
        let ints = |made: &Accumulator| match made {
            Accumulator::Collect { values, .. } => values.clone(),
            other => panic!("{other:?}"),
        };
        let int = Value::Int;
        assert_eq!(ints(&collect(false, 3, &[2, 1, 2, 3])), [int(2), int(1), int(2)]);
        assert_eq!(ints(&collect(true, 3, &[2, 1, 2, 3, 0])), [int(1), int(2), int(3)]);
        let mut all = collect(false, 3, &[2]);
        all.combine(&collect(false, 3, &[1, 5, 6]));
        assert_eq!(ints(&all), [int(2), int(1), int(5)]);
        let mut all = collect(true, 3, &[2]);
        all.combine(&collect(true, 3, &[1, 2, 6]));
        assert_eq!(ints(&all), [int(1), int(2), int(6)]);
    }

    #[test]
    fn every_accumulator_comes_back_from_its_bytes() {
        let all = [
            Accumulator::Count(-3),
            Accumulator::Sum { total: i128::MAX, count: 2 },
            Accumulator::SumFloat { total: 0.5, count: 1 },
            Accumulator::Min(Value::String("é".into())),
            Accumulator::Max(Value::Null),
            Accumulator::First { at: EventTime::MAX, value: Value::Bool(true) },
            Accumulator::Last { at: EventTime::MIN, value: Value::Decimal(-1) },
            Accumulator::Collect { limit: 9, distinct: true, values: vec![Value::Int(1), Value::Int(2)] },
        ];
        for accumulator in all {
            let mut bytes = Vec::new();
            accumulator.encode(&mut bytes);
            assert_eq!(Accumulator::decode(&mut Decoder::new(&bytes)).as_ref(), Ok(&accumulator));
        }
    }
}
