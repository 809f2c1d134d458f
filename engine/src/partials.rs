//! Partial aggregates on their way through an internal topic.

use tidegate_model::EventTime;
use tidegate_state::Keys;

/// One upstream task's share of some groups, in the order read.
#[derive(Default)]
pub struct Partials {
    /// The group's key; for a windowed aggregate behind the start of its slice.
    pub keys: Keys,
    /// Greatest event time in the share.
    pub times: Vec<EventTime>,
    /// The accumulators' bytes, back to back.
    pub bytes: Vec<u8>,
    /// The end of each share in `bytes`.
    pub ends: Vec<u32>,
}

impl Partials {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub fn share(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        &self.bytes[start..self.ends[index] as usize]
    }
}
