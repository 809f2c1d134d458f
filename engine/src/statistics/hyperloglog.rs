//! `approx_count_distinct`: HyperLogLog (Flajolet, Fusy, Gandouet, Meunier 2007) with 2^12 registers over a 64-bit hash.
//!
//! The standard error is 1.04 / sqrt(4096) = 1.6 %. As in HyperLogLog++ (Heule, Nunkesser, Hall 2013) a sketch of few values keeps only the
//! registers that are not zero. The estimate is that of Ertl (*New cardinality estimation algorithms for HyperLogLog sketches*, 2017),
//! which has no bias at small and middle counts and so needs no tables.

use crate::value_codec::encode_value;
use std::collections::BTreeMap;
use tidegate_model::Value;
use tidegate_state::CodecError;
use tidegate_state::value::{self, Decoder};
use twox_hash::XxHash64;

const INDEX_BITS: u32 = 12;
const REGISTERS: usize = 1 << INDEX_BITS;
/// Bits of the hash behind the index.
const RANK_BITS: u32 = 64 - INDEX_BITS;
/// With more registers than this in use a sketch holds all of them.
const FEW: usize = 512;
/// 1 / (2 ln 2)
const ALPHA: f64 = 0.5 / std::f64::consts::LN_2;

#[derive(Clone, PartialEq, Debug)]
pub enum HyperLogLog {
    /// The registers that are not zero.
    Few(BTreeMap<u16, u8>),
    All(Box<[u8; REGISTERS]>),
}

impl Default for HyperLogLog {
    fn default() -> HyperLogLog {
        HyperLogLog::Few(BTreeMap::new())
    }
}

impl HyperLogLog {
    pub fn update(&mut self, value: &Value) {
        let mut bytes = Vec::new();
        encode_value(value, &mut bytes);
        let hash = XxHash64::oneshot(0, &bytes);
        let index = (hash >> RANK_BITS) as u16;
        // The place of the first one among the bits behind the index.
        let rank = ((hash << INDEX_BITS).leading_zeros().min(RANK_BITS) + 1) as u8;
        self.raise(index, rank);
    }

    fn raise(&mut self, index: u16, rank: u8) {
        match self {
            HyperLogLog::All(registers) => {
                let register = &mut registers[usize::from(index)];
                *register = rank.max(*register);
            }
            HyperLogLog::Few(registers) => {
                let register = registers.entry(index).or_default();
                *register = rank.max(*register);
                if registers.len() > FEW {
                    let mut all = Box::new([0; REGISTERS]);
                    registers.iter().for_each(|(index, rank)| all[usize::from(*index)] = *rank);
                    *self = HyperLogLog::All(all);
                }
            }
        }
    }

    fn in_use(&self) -> Vec<(u16, u8)> {
        match self {
            HyperLogLog::Few(registers) => registers.iter().map(|(index, rank)| (*index, *rank)).collect(),
            HyperLogLog::All(registers) => (0u16..)
                .zip(registers.iter())
                .filter(|(_, rank)| **rank > 0)
                .map(|(index, rank)| (index, *rank))
                .collect(),
        }
    }

    pub fn combine(&mut self, other: &HyperLogLog) {
        other.in_use().into_iter().for_each(|(index, rank)| self.raise(index, rank));
    }

    /// Ertl's improved raw estimate, rounded.
    pub fn estimate(&self) -> i64 {
        const RANK_MAX: usize = RANK_BITS as usize + 1;
        let mut registers_of = [0u32; RANK_MAX + 1];
        let in_use = self.in_use();
        registers_of[0] = (REGISTERS - in_use.len()) as u32;
        in_use.iter().for_each(|(_, rank)| registers_of[usize::from(*rank)] += 1);
        let share = |rank: usize| f64::from(registers_of[rank]) / REGISTERS as f64;
        let full = tau(1.0 - share(RANK_MAX));
        let middle = (1..RANK_MAX).rev().fold(full, |sum, rank| 0.5 * (sum + share(rank)));
        // With all registers empty `sigma` is infinite and the estimate zero.
        (ALPHA * REGISTERS as f64 / (middle + sigma(share(0)))).round() as i64
    }

    pub fn heap_bytes(&self) -> usize {
        match self {
            HyperLogLog::Few(registers) => registers.len() * 4,
            HyperLogLog::All(_) => REGISTERS,
        }
    }

    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            HyperLogLog::Few(registers) => {
                value::put_u64(out, registers.len() as u64);
                for (index, rank) in registers {
                    value::put_u64(out, u64::from(*index));
                    out.push(*rank);
                }
            }
            HyperLogLog::All(registers) => {
                value::put_u64(out, REGISTERS as u64);
                out.extend_from_slice(&registers[..]);
            }
        }
    }

    pub fn decode(from: &mut Decoder<'_>) -> Result<HyperLogLog, CodecError> {
        let mut sketch = HyperLogLog::default();
        let count = from.u64()? as usize;
        for place in 0..count {
            let index = if count == REGISTERS { place as u64 } else { from.u64()? };
            let rank = from.u8()?;
            if index >= REGISTERS as u64 || u32::from(rank) > RANK_BITS + 1 {
                return Err(CodecError::invalid("a register"));
            }
            if rank > 0 {
                sketch.raise(index as u16, rank);
            }
        }
        Ok(sketch)
    }
}

/// x + the sum of x^(2^k) · 2^(k - 1) over k from 1 on; infinite at 1.
fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut weight, mut sum) = (1.0, x);
    loop {
        x *= x;
        let before = sum;
        sum += x * weight;
        weight += weight;
        if sum == before {
            return sum;
        }
    }
}

/// (1 - x - the sum of (1 - x^(2^-k))² · 2^-k over k from 1 on) / 3
fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut weight, mut sum) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = sum;
        weight *= 0.5;
        sum -= (1.0 - x) * (1.0 - x) * weight;
        if sum == before {
            return sum / 3.0;
        }
    }
}
