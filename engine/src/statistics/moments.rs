//! `variance` and `stddev` of a sample.
//!
//! Mean and sum of squared deviations are carried along (Welford 1962) and put together pairwise (Chan, Golub, LeVeque: *Updating formulae
//! and a pairwise algorithm for computing sample variances*, 1979): a sum of squares would lose its digits where the mean is large.

use super::of_type;
use crate::accumulator::ResultError;
use tidegate_model::Value;
use tidegate_model::plan::{AggregateCall, AggregateFunction};
use tidegate_state::CodecError;
use tidegate_state::value::{self, Decoder};

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Moments {
    count: i64,
    mean: f64,
    /// Of the squared deviations from the mean.
    squares: f64,
}

impl Moments {
    pub fn update(&mut self, value: f64) {
        self.count += 1;
        let before = value - self.mean;
        self.mean += before / self.count as f64;
        self.squares += before * (value - self.mean);
    }

    pub fn combine(&mut self, other: &Moments) {
        if self.count == 0 {
            *self = other.clone();
            return;
        }
        if other.count == 0 {
            return;
        }
        let (mine, theirs) = (self.count as f64, other.count as f64);
        let both = mine + theirs;
        let apart = other.mean - self.mean;
        self.mean += apart * (theirs / both);
        self.squares += other.squares + apart * apart * (mine * theirs / both);
        self.count = self.count.saturating_add(other.count);
    }

    /// Null of less than two values: one value says nothing about how they differ.
    pub fn result(&self, call: &AggregateCall) -> Result<Value, ResultError> {
        if self.count < 2 {
            return Ok(Value::Null);
        }
        let variance = self.squares / (self.count - 1) as f64;
        if !variance.is_finite() {
            return Err(ResultError::Overflow);
        }
        Ok(match call.function {
            AggregateFunction::Variance => Value::Float(variance),
            _ => of_type(variance.sqrt(), call.ty),
        })
    }

    pub fn encode(&self, out: &mut Vec<u8>) {
        value::put_i64(out, self.count);
        value::put_f64(out, self.mean);
        value::put_f64(out, self.squares);
    }

    pub fn decode(from: &mut Decoder<'_>) -> Result<Moments, CodecError> {
        Ok(Moments { count: from.i64()?, mean: from.f64()?, squares: from.f64()? })
    }
}
