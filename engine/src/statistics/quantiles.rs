//! `percentile` and `median`: DDSketch (Masson, Rim, Lee: *DDSketch: a fast and fully-mergeable quantile sketch with relative-error
//! guarantees*, VLDB 2019).
//!
//! Up to [`FEW`] values are kept as they are, and the answer is exact. Beyond, values are counted in buckets whose bounds grow by a
//! constant factor, and the answer is at most 1 % off. Zeros are exact; negative values have buckets of their own.

use std::collections::BTreeMap;
use tidegate_state::CodecError;
use tidegate_state::value::{self, Decoder};

/// The relative error.
const ERROR: f64 = 0.01;
/// Each bucket ends at this times its start.
const GAMMA: f64 = (1.0 + ERROR) / (1.0 - ERROR);
const FEW: usize = 64;
/// For each sign. 4096 buckets span a factor of 10^35; values that are smaller by more than that count as the smallest that is told apart.
const BUCKETS_MAX: usize = 4096;

#[derive(Clone, PartialEq, Debug)]
pub enum Quantiles {
    /// Ascending.
    Few(Vec<f64>),
    Many(Box<Sketch>),
}

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Sketch {
    zeros: u64,
    positive: Buckets,
    negative: Buckets,
    /// Exact, and no answer is outside of them.
    least: f64,
    greatest: f64,
}

/// How many values have a magnitude in (GAMMA^(i - 1), GAMMA^i].
#[derive(Clone, PartialEq, Debug, Default)]
struct Buckets {
    counts: BTreeMap<i32, u64>,
}

impl Default for Quantiles {
    fn default() -> Quantiles {
        Quantiles::Few(Vec::new())
    }
}

impl Quantiles {
    /// What is no number is passed over; the infinite counts as the largest float.
    pub fn update(&mut self, value: f64) {
        if value.is_nan() {
            return;
        }
        let value = value.clamp(f64::MIN, f64::MAX);
        match self {
            Quantiles::Few(values) if values.len() < FEW => {
                let place = values.partition_point(|known| known.total_cmp(&value).is_le());
                values.insert(place, value);
            }
            Quantiles::Few(_) => self.sketch().update(value),
            Quantiles::Many(sketch) => sketch.update(value),
        }
    }

    /// Makes a sketch of the values, if it is none yet.
    fn sketch(&mut self) -> &mut Sketch {
        if let Quantiles::Few(values) = self {
            let mut sketch = Box::<Sketch>::default();
            values.iter().for_each(|value| sketch.update(*value));
            *self = Quantiles::Many(sketch);
        }
        match self {
            Quantiles::Many(sketch) => sketch,
            Quantiles::Few(_) => panic!("it was made above"),
        }
    }

    pub fn combine(&mut self, other: &Quantiles) {
        match other {
            Quantiles::Few(values) => values.iter().for_each(|value| self.update(*value)),
            Quantiles::Many(theirs) => self.sketch().combine(theirs),
        }
    }

    /// The least value that at least this share of all values does not exceed; None: there are none.
    pub fn at(&self, millionths: u32) -> Option<f64> {
        let count = match self {
            Quantiles::Few(values) => values.len() as u64,
            Quantiles::Many(sketch) => sketch.count(),
        };
        // Counted from 1, in whole numbers: 0.95 of 20 values is the 19th, whatever floats make of it.
        let rank = (u128::from(count) * u128::from(millionths)).div_ceil(1_000_000).max(1) as u64;
        match self {
            Quantiles::Few(values) => values.get(rank as usize - 1).copied(),
            Quantiles::Many(sketch) => Some(sketch.at(rank)),
        }
    }

    pub fn heap_bytes(&self) -> usize {
        match self {
            Quantiles::Few(values) => values.len() * 8,
            Quantiles::Many(sketch) => {
                size_of::<Sketch>() + (sketch.positive.counts.len() + sketch.negative.counts.len()) * 16
            }
        }
    }

    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Quantiles::Few(values) => {
                out.push(0);
                value::put_u64(out, values.len() as u64);
                values.iter().for_each(|value| value::put_f64(out, *value));
            }
            Quantiles::Many(sketch) => {
                out.push(1);
                value::put_u64(out, sketch.zeros);
                value::put_f64(out, sketch.least);
                value::put_f64(out, sketch.greatest);
                sketch.positive.encode(out);
                sketch.negative.encode(out);
            }
        }
    }

    pub fn decode(from: &mut Decoder<'_>) -> Result<Quantiles, CodecError> {
        if from.u8()? == 0 {
            let values = (0..from.u64()?).map(|_| from.f64()).collect::<Result<_, CodecError>>()?;
            return Ok(Quantiles::Few(values));
        }
        Ok(Quantiles::Many(Box::new(Sketch {
            zeros: from.u64()?,
            least: from.f64()?,
            greatest: from.f64()?,
            positive: Buckets::decode(from)?,
            negative: Buckets::decode(from)?,
        })))
    }
}

impl Sketch {
    fn count(&self) -> u64 {
        self.zeros.saturating_add(self.positive.count()).saturating_add(self.negative.count())
    }

    fn update(&mut self, value: f64) {
        let first = self.count_is_zero();
        self.least = if first { value } else { self.least.min(value) };
        self.greatest = if first { value } else { self.greatest.max(value) };
        if value.abs() < f64::MIN_POSITIVE {
            self.zeros += 1;
        } else if value > 0.0 {
            self.positive.add(index_of(value), 1);
        } else {
            self.negative.add(index_of(-value), 1);
        }
    }

    fn count_is_zero(&self) -> bool {
        self.zeros == 0 && self.positive.counts.is_empty() && self.negative.counts.is_empty()
    }

    fn combine(&mut self, other: &Sketch) {
        if self.count_is_zero() {
            *self = other.clone();
            return;
        }
        self.zeros = self.zeros.saturating_add(other.zeros);
        self.least = self.least.min(other.least);
        self.greatest = self.greatest.max(other.greatest);
        other.positive.counts.iter().for_each(|(index, count)| self.positive.add(*index, *count));
        other.negative.counts.iter().for_each(|(index, count)| self.negative.add(*index, *count));
    }

    /// The value of this rank, counted from 1, as far as the buckets tell it.
    fn at(&self, rank: u64) -> f64 {
        let negative = self.negative.counts.iter().rev().map(|(index, count)| (-middle_of(*index), *count));
        let zeros = std::iter::once((0.0, self.zeros));
        let positive = self.positive.counts.iter().map(|(index, count)| (middle_of(*index), *count));
        let mut seen = 0;
        let found = negative.chain(zeros).chain(positive).find(|(_, count)| {
            seen = count.saturating_add(seen);
            seen >= rank
        });
        found.map_or(self.greatest, |(value, _)| value.clamp(self.least, self.greatest))
    }
}

impl Buckets {
    fn count(&self) -> u64 {
        self.counts.values().fold(0, |sum: u64, count| sum.saturating_add(*count))
    }

    /// Keeps the highest buckets; what falls below them is counted in the lowest of these. What is kept does not depend on the order in
    /// which values came: it is always the highest of all that were seen.
    fn add(&mut self, index: i32, more: u64) {
        if self.counts.len() == BUCKETS_MAX && !self.counts.contains_key(&index) {
            let mut lowest = self.counts.first_entry().expect("it is full");
            if index < *lowest.key() {
                *lowest.get_mut() = lowest.get().saturating_add(more);
                return;
            }
            let below = lowest.remove();
            self.counts.insert(index, more);
            if let Some(mut lowest) = self.counts.first_entry() {
                *lowest.get_mut() = lowest.get().saturating_add(below);
            }
            return;
        }
        let count = self.counts.entry(index).or_default();
        *count = count.saturating_add(more);
    }

    fn encode(&self, out: &mut Vec<u8>) {
        value::put_u64(out, self.counts.len() as u64);
        for (index, count) in &self.counts {
            value::put_i64(out, i64::from(*index));
            value::put_u64(out, *count);
        }
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Buckets, CodecError> {
        let mut buckets = Buckets::default();
        for _ in 0..from.u64()? {
            let index = i32::try_from(from.i64()?).map_err(|_| CodecError::invalid("a bucket"))?;
            buckets.counts.insert(index, from.u64()?);
        }
        Ok(buckets)
    }
}

/// The bucket of a positive value.
fn index_of(value: f64) -> i32 {
    (value.ln() / GAMMA.ln()).ceil() as i32
}

/// The value that is at most `ERROR` from every one in the bucket.
fn middle_of(index: i32) -> f64 {
    GAMMA.powi(index) * 2.0 / (GAMMA + 1.0)
}
