//! `count_distinct`: all different values, up to a bound.

use super::ordered::Ordered;
use crate::accumulator::ResultError;
use crate::value_codec::{decode_value, encode_value};
use std::collections::BTreeSet;
use tidegate_model::Value;
use tidegate_model::plan::DISTINCT_MAX;
use tidegate_state::CodecError;
use tidegate_state::value::{self, Decoder};

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Distinct {
    values: BTreeSet<Ordered>,
    /// There were more than [`DISTINCT_MAX`]; the values are forgotten, and there is no result.
    too_many: bool,
    heap_bytes: usize,
}

impl Distinct {
    pub fn update(&mut self, value: Value) {
        if self.too_many {
            return;
        }
        let bytes = size_of::<Value>() + value.heap_bytes();
        if self.values.insert(Ordered(value)) {
            self.heap_bytes += bytes;
        }
        if self.values.len() > DISTINCT_MAX {
            *self = Distinct { too_many: true, ..Distinct::default() };
        }
    }

    pub fn combine(&mut self, other: &Distinct) {
        if other.too_many {
            *self = other.clone();
            return;
        }
        other.values.iter().for_each(|value| self.update(value.0.clone()));
    }

    pub fn result(&self) -> Result<Value, ResultError> {
        if self.too_many { Err(ResultError::TooMany) } else { Ok(Value::Int(self.values.len() as i64)) }
    }

    pub fn heap_bytes(&self) -> usize {
        self.heap_bytes
    }

    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.too_many));
        value::put_u64(out, self.values.len() as u64);
        self.values.iter().for_each(|value| encode_value(&value.0, out));
    }

    pub fn decode(from: &mut Decoder<'_>) -> Result<Distinct, CodecError> {
        let mut distinct = Distinct { too_many: from.u8()? != 0, ..Distinct::default() };
        for _ in 0..from.u64()? {
            distinct.update(decode_value(from)?);
        }
        Ok(distinct)
    }
}
