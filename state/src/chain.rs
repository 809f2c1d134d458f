//! Is everything there that was ever written? A database whose list of files was cut off opens without a word, and lacks what was in the files
//! that the rest of the list named, while its newest batches, which are in its log, are there.
//!
//! So batches are numbered, and leave traces: a batch whose number is a multiple of 2^j leaves one in ring j, which keeps the last [`SLOTS`] of them.
//! From the newest number follows what all rings must hold. Of any stretch that is lost some trace is missing, unless what came behind the stretch is
//! more than some five hundred times as long.

use std::collections::BTreeMap;

/// Ring and slot.
pub(crate) type Trace = [u8; 3];

/// Of each ring.
const SLOTS: u64 = 1024;

/// The traces of the batch with a number (from 1 on): the keys, each with the number as its value.
pub(crate) fn traces(number: u64) -> impl Iterator<Item = Trace> {
    assert!(number > 0, "batches are numbered from 1 on");
    (0..=number.trailing_zeros()).map(move |ring| key(ring, number >> ring))
}

fn key(ring: u32, turn: u64) -> Trace {
    let [high, low] = ((turn % SLOTS) as u16).to_be_bytes();
    [ring as u8, high, low]
}

/// The newest number, from all traces that are there; Err: the number of a batch that is lost.
pub(crate) fn newest(found: &BTreeMap<Trace, u64>) -> Result<u64, u64> {
    let newest = found.values().copied().max().unwrap_or(0);
    for ring in 0..u64::BITS - newest.leading_zeros() {
        let last = newest >> ring;
        for turn in last.saturating_sub(SLOTS - 1).max(1)..=last {
            let number = turn << ring;
            if found.get(&key(ring, turn)) != Some(&number) {
                return Err(number);
            }
        }
    }
    Ok(newest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(numbers: impl Iterator<Item = u64>) -> BTreeMap<Trace, u64> {
        numbers.flat_map(|number| traces(number).map(move |key| (key, number))).collect()
    }

    proptest! {
        #[test]
        fn what_is_whole_is_taken_for_whole(count in 0u64..5_000) {
            prop_assert_eq!(newest(&written(1..=count)), Ok(count));
        }

        #[test]
        fn a_stretch_that_is_lost_is_found(before in 0u64..3_000, lost in 1u64..20, part in 0u64..=100) {
            // Behind it comes at least one batch, and at most five hundred times as many as are lost.
            let behind = 1 + (lost * 500 - 1) * part / 100;
            let numbers = (1..=before).chain(before + lost + 1..=before + lost + behind);
            prop_assert!(newest(&written(numbers)).is_err());
        }
    }
}
