//! `top_k` and `mode`: how often each value was seen, exactly, up to a bound of different ones.

use super::ordered::Ordered;
use crate::accumulator::ResultError;
use crate::value_codec::{decode_value, encode_value};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use tidegate_model::Value;
use tidegate_model::plan::DISTINCT_MAX;
use tidegate_state::CodecError;
use tidegate_state::value::{self, Decoder};

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Counts {
    counts: BTreeMap<Ordered, i64>,
    /// There were more different values than [`DISTINCT_MAX`]; all is forgotten, and there is no result.
    too_many: bool,
    heap_bytes: usize,
}

impl Counts {
    pub fn update(&mut self, value: Value) {
        self.add(value, 1);
    }

    /// Takes back a value that was seen. False: all was forgotten, and what is left must be looked through.
    pub fn remove(&mut self, value: Value) -> bool {
        if self.too_many {
            return false;
        }
        let bytes = size_of::<(Value, i64)>() + value.heap_bytes();
        let value = Ordered(value);
        let Some(count) = self.counts.get_mut(&value) else { return false };
        *count -= 1;
        if *count == 0 {
            self.counts.remove(&value);
            self.heap_bytes -= bytes;
        }
        true
    }

    fn add(&mut self, value: Value, more: i64) {
        if self.too_many {
            return;
        }
        let bytes = size_of::<(Value, i64)>() + value.heap_bytes();
        match self.counts.get_mut(&Ordered(value.clone())) {
            Some(count) => *count = count.saturating_add(more),
            None => {
                self.heap_bytes += bytes;
                self.counts.insert(Ordered(value), more);
            }
        }
        if self.counts.len() > DISTINCT_MAX {
            *self = Counts { too_many: true, ..Counts::default() };
        }
    }

    pub fn combine(&mut self, other: &Counts) {
        if other.too_many {
            *self = other.clone();
            return;
        }
        other.counts.iter().for_each(|(value, count)| self.add(value.0.clone(), *count));
    }

    /// Records of value and count: the `k` that were seen most often; among equally many the least value first.
    pub fn top(&self, k: usize) -> Result<Value, ResultError> {
        if self.too_many {
            return Err(ResultError::TooMany);
        }
        let mut all: Vec<(&Ordered, i64)> =
            self.counts.iter().map(|(value, count)| (value, *count)).collect();
        // The map is in the order of the values, and the sort is stable.
        all.sort_by_key(|(_, count)| Reverse(*count));
        let record =
            |(value, count): &(&Ordered, i64)| Value::Record([value.0.clone(), Value::Int(*count)].into());
        Ok(Value::List(all.iter().take(k).map(record).collect()))
    }

    /// The value that was seen most often, among equally many the least; null of none.
    pub fn mode(&self) -> Result<Value, ResultError> {
        if self.too_many {
            return Err(ResultError::TooMany);
        }
        let most = self.counts.iter().min_by_key(|(_, count)| Reverse(**count));
        Ok(most.map_or(Value::Null, |(value, _)| value.0.clone()))
    }

    pub fn heap_bytes(&self) -> usize {
        self.heap_bytes
    }

    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.too_many));
        value::put_u64(out, self.counts.len() as u64);
        for (kept, count) in &self.counts {
            encode_value(&kept.0, out);
            value::put_i64(out, *count);
        }
    }

    pub fn decode(from: &mut Decoder<'_>) -> Result<Counts, CodecError> {
        let mut counts = Counts { too_many: from.u8()? != 0, ..Counts::default() };
        for _ in 0..from.u64()? {
            let value = decode_value(from)?;
            counts.add(value, from.i64()?);
        }
        Ok(counts)
    }
}
