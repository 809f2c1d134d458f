//! `histogram`: how many values lie below the first bound, between each two, and from the last one on.

use crate::value_codec::{decode_value, encode_value};
use std::sync::Arc;
use tidegate_model::Value;
use tidegate_state::CodecError;
use tidegate_state::value::{self, Decoder};

#[derive(Clone, PartialEq, Debug)]
pub struct Histogram {
    /// Ascending; `bounds[i]` is the first value of bucket `i + 1`.
    bounds: Arc<[Value]>,
    /// One more than there are bounds.
    counts: Vec<i64>,
}

impl Histogram {
    pub fn new(bounds: &[Value]) -> Histogram {
        Histogram { bounds: bounds.into(), counts: vec![0; bounds.len() + 1] }
    }

    pub fn update(&mut self, value: &Value) {
        let bucket = self.bucket(value);
        self.counts[bucket] = self.counts[bucket].saturating_add(1);
    }

    /// Takes back a value that was seen.
    pub fn remove(&mut self, value: &Value) {
        let bucket = self.bucket(value);
        self.counts[bucket] -= 1;
    }

    fn bucket(&self, value: &Value) -> usize {
        self.bounds.partition_point(|bound| bound.compare(value).is_le())
    }

    /// Both have the same bounds: they are part of the layout of the store.
    pub fn combine(&mut self, other: &Histogram) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine = mine.saturating_add(*theirs);
        }
    }

    pub fn result(&self) -> Value {
        Value::List(self.counts.iter().map(|count| Value::Int(*count)).collect())
    }

    pub fn heap_bytes(&self) -> usize {
        self.counts.len() * (size_of::<i64>() + size_of::<Value>())
    }

    pub fn encode(&self, out: &mut Vec<u8>) {
        value::put_u64(out, self.bounds.len() as u64);
        self.bounds.iter().for_each(|bound| encode_value(bound, out));
        self.counts.iter().for_each(|count| value::put_i64(out, *count));
    }

    pub fn decode(from: &mut Decoder<'_>) -> Result<Histogram, CodecError> {
        let bounds: Vec<Value> =
            (0..from.u64()?).map(|_| decode_value(from)).collect::<Result<_, CodecError>>()?;
        let counts = (0..=bounds.len()).map(|_| from.i64()).collect::<Result<_, CodecError>>()?;
        Ok(Histogram { bounds: bounds.into(), counts })
    }
}
