//! `min_by` and `max_by`: the value at the least or greatest of another.

use crate::value_codec::{decode_value, encode_value};
use std::cmp::Ordering;
use tidegate_model::Value;
use tidegate_state::CodecError;
use tidegate_state::value::Decoder;

#[derive(Clone, PartialEq, Debug)]
pub struct Extreme {
    greatest: bool,
    /// What is looked for the end of; null: nothing was seen yet.
    by: Value,
    value: Value,
}

impl Extreme {
    pub fn least() -> Extreme {
        Extreme { greatest: false, by: Value::Null, value: Value::Null }
    }

    pub fn greatest() -> Extreme {
        Extreme { greatest: true, ..Extreme::least() }
    }

    /// `pair`: a record of the value and what it is ordered by.
    pub fn update(&mut self, pair: Value) {
        let Value::Record(pair) = &pair else { panic!("a pair, not {pair:?}") };
        let [value, by] = &pair[..] else { panic!("a pair, not {pair:?}") };
        self.take(value, by);
    }

    fn take(&mut self, value: &Value, by: &Value) {
        if self.place(value, by).is_some_and(Ordering::is_lt) {
            (self.by, self.value) = (by.clone(), value.clone());
        }
    }

    /// Before what is kept, or behind it? None: it is of no account.
    fn place(&self, value: &Value, by: &Value) -> Option<Ordering> {
        if by.is_null() {
            return None;
        }
        let order = match self.greatest {
            _ if self.by.is_null() => Ordering::Less,
            false => by.compare(&self.by),
            true => self.by.compare(by),
        };
        // Among equal ones the least value: so the order in which partitions were read decides nothing.
        Some(order.then_with(|| value.compare(&self.value)))
    }

    /// As [`Extreme::place`], for a record of the value and what it is ordered by.
    pub fn place_of(&self, pair: &Value) -> Option<Ordering> {
        let Value::Record(pair) = pair else { panic!("a pair, not {pair:?}") };
        let [value, by] = &pair[..] else { panic!("a pair, not {pair:?}") };
        self.place(value, by)
    }

    pub fn combine(&mut self, other: &Extreme) {
        self.take(&other.value, &other.by);
    }

    pub fn result(&self) -> Value {
        self.value.clone()
    }

    pub fn heap_bytes(&self) -> usize {
        self.by.heap_bytes() + self.value.heap_bytes()
    }

    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.greatest));
        encode_value(&self.by, out);
        encode_value(&self.value, out);
    }

    pub fn decode(from: &mut Decoder<'_>) -> Result<Extreme, CodecError> {
        Ok(Extreme { greatest: from.u8()? != 0, by: decode_value(from)?, value: decode_value(from)? })
    }
}
