//! The aggregates whose state is more than a number or a value. An accumulator holds them in a box, so that counts and sums stay small.
//!
//! All but [`moments`] combine exactly: the state depends only on which values were seen, not on their order nor on how they were shared
//! out. Moments do so up to the last digits of a float.

mod counts;
mod distinct;
mod extreme;
mod histogram;
mod hyperloglog;
mod moments;
mod ordered;
mod quantiles;

pub use counts::Counts;
pub use distinct::Distinct;
pub use extreme::Extreme;
pub use histogram::Histogram;
pub use hyperloglog::HyperLogLog;
pub use moments::Moments;
pub use quantiles::Quantiles;

use crate::accumulator::ResultError;
use tidegate_model::plan::{AggregateCall, AggregateFunction};
use tidegate_model::{ScalarType, Value};
use tidegate_state::CodecError;
use tidegate_state::value::Decoder;

#[derive(Clone, PartialEq, Debug)]
pub enum Statistic {
    /// `count_distinct`
    Distinct(Distinct),
    /// `approx_count_distinct`
    HyperLogLog(HyperLogLog),
    /// `variance`, `stddev`
    Moments(Moments),
    /// `percentile`, `median`
    Quantiles(Quantiles),
    /// `top_k`, `mode`
    Counts(Counts),
    Histogram(Histogram),
    /// `min_by`, `max_by`
    Extreme(Extreme),
}

impl Statistic {
    /// None: the function needs no such state.
    pub fn new(call: &AggregateCall) -> Option<Statistic> {
        Some(match call.function {
            AggregateFunction::CountDistinct => Statistic::Distinct(Distinct::default()),
            AggregateFunction::ApproxCountDistinct => Statistic::HyperLogLog(HyperLogLog::default()),
            AggregateFunction::Variance | AggregateFunction::StdDev => Statistic::Moments(Moments::default()),
            AggregateFunction::Percentile { .. } | AggregateFunction::Median => {
                Statistic::Quantiles(Quantiles::default())
            }
            AggregateFunction::TopK { .. } | AggregateFunction::Mode => Statistic::Counts(Counts::default()),
            AggregateFunction::Histogram => Statistic::Histogram(Histogram::new(&call.bounds)),
            AggregateFunction::MinBy => Statistic::Extreme(Extreme::least()),
            AggregateFunction::MaxBy => Statistic::Extreme(Extreme::greatest()),
            _ => return None,
        })
    }

    /// Takes in a value of this type that is not null.
    pub fn update(&mut self, value: Value, ty: ScalarType) {
        match self {
            Statistic::Distinct(distinct) => distinct.update(value),
            Statistic::HyperLogLog(sketch) => sketch.update(&value),
            Statistic::Moments(moments) => moments.update(number(&value, ty)),
            Statistic::Quantiles(quantiles) => quantiles.update(number(&value, ty)),
            Statistic::Counts(counts) => counts.update(value),
            Statistic::Histogram(histogram) => histogram.update(&value),
            Statistic::Extreme(extreme) => extreme.update(value),
        }
    }

    pub fn combine(&mut self, other: &Statistic) {
        match (self, other) {
            (Statistic::Distinct(mine), Statistic::Distinct(theirs)) => mine.combine(theirs),
            (Statistic::HyperLogLog(mine), Statistic::HyperLogLog(theirs)) => mine.combine(theirs),
            (Statistic::Moments(mine), Statistic::Moments(theirs)) => mine.combine(theirs),
            (Statistic::Quantiles(mine), Statistic::Quantiles(theirs)) => mine.combine(theirs),
            (Statistic::Counts(mine), Statistic::Counts(theirs)) => mine.combine(theirs),
            (Statistic::Histogram(mine), Statistic::Histogram(theirs)) => mine.combine(theirs),
            (Statistic::Extreme(mine), Statistic::Extreme(theirs)) => mine.combine(theirs),
            (mine, theirs) => panic!("{mine:?} cannot be combined with {theirs:?}"),
        }
    }

    pub fn result(&self, call: &AggregateCall) -> Result<Value, ResultError> {
        match self {
            Statistic::Distinct(distinct) => distinct.result(),
            Statistic::HyperLogLog(sketch) => Ok(Value::Int(sketch.estimate())),
            Statistic::Moments(moments) => moments.result(call),
            Statistic::Quantiles(quantiles) => {
                let millionths = match call.function {
                    AggregateFunction::Percentile { millionths } => millionths,
                    _ => 500_000,
                };
                Ok(quantiles.at(millionths).map_or(Value::Null, |value| of_type(value, call.ty)))
            }
            Statistic::Counts(counts) => match call.function {
                AggregateFunction::TopK { k } => counts.top(k as usize),
                _ => counts.mode(),
            },
            Statistic::Histogram(histogram) => Ok(histogram.result()),
            Statistic::Extreme(extreme) => Ok(extreme.result()),
        }
    }

    pub fn heap_bytes(&self) -> usize {
        size_of::<Statistic>()
            + match self {
                Statistic::Distinct(distinct) => distinct.heap_bytes(),
                Statistic::HyperLogLog(sketch) => sketch.heap_bytes(),
                Statistic::Moments(_) => 0,
                Statistic::Quantiles(quantiles) => quantiles.heap_bytes(),
                Statistic::Counts(counts) => counts.heap_bytes(),
                Statistic::Histogram(histogram) => histogram.heap_bytes(),
                Statistic::Extreme(extreme) => extreme.heap_bytes(),
            }
    }

    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Statistic::Distinct(distinct) => {
                out.push(1);
                distinct.encode(out);
            }
            Statistic::HyperLogLog(sketch) => {
                out.push(2);
                sketch.encode(out);
            }
            Statistic::Moments(moments) => {
                out.push(3);
                moments.encode(out);
            }
            Statistic::Quantiles(quantiles) => {
                out.push(4);
                quantiles.encode(out);
            }
            Statistic::Counts(counts) => {
                out.push(5);
                counts.encode(out);
            }
            Statistic::Histogram(histogram) => {
                out.push(6);
                histogram.encode(out);
            }
            Statistic::Extreme(extreme) => {
                out.push(7);
                extreme.encode(out);
            }
        }
    }

    pub fn decode(from: &mut Decoder<'_>) -> Result<Statistic, CodecError> {
        Ok(match from.u8()? {
            1 => Statistic::Distinct(Distinct::decode(from)?),
            2 => Statistic::HyperLogLog(HyperLogLog::decode(from)?),
            3 => Statistic::Moments(Moments::decode(from)?),
            4 => Statistic::Quantiles(Quantiles::decode(from)?),
            5 => Statistic::Counts(Counts::decode(from)?),
            6 => Statistic::Histogram(Histogram::decode(from)?),
            7 => Statistic::Extreme(Extreme::decode(from)?),
            _ => return Err(CodecError::invalid("a statistic's kind")),
        })
    }
}

/// A number of any type as a float; durations in microseconds.
fn number(value: &Value, ty: ScalarType) -> f64 {
    match value {
        Value::Int(value) | Value::Duration(value) => *value as f64,
        Value::Float(value) => *value,
        Value::Decimal(digits) => *digits as f64 / 10f64.powi(i32::from(ty.scale())),
        other => panic!("the check lets only numbers through, not {other:?}"),
    }
}

/// A float as a value of the result's type, rounded to what that can hold. It is one of the values seen, or between two of them, so it
/// fits their type; the ends of the range take up what a float adds to the last digit.
fn of_type(value: f64, ty: ScalarType) -> Value {
    match ty {
        ScalarType::Duration => Value::Duration(value.round() as i64),
        ScalarType::Decimal { precision, scale } => {
            let end = 10i128.pow(u32::from(precision)) - 1;
            let digits = (value * 10f64.powi(i32::from(scale))).round() as i128;
            Value::Decimal(digits.clamp(-end, end))
        }
        _ => Value::Float(value),
    }
}

#[cfg(test)]
mod tests;
