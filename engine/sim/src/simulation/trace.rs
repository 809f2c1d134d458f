//! What happened, in order: as a number that two runs of one seed have in common, and as text for whoever looks for a cause.

use crate::payments::mix;

pub struct Trace {
    pub hash: u64,
    /// None: not wanted.
    pub lines: Option<Vec<String>>,
}

impl Trace {
    pub fn new(record: bool) -> Trace {
        Trace { hash: 0, lines: record.then(Vec::new) }
    }

    pub fn note(&mut self, now: i64, what: &str, numbers: &[i64]) {
        let mut hash = mix(self.hash ^ now as u64);
        for byte in what.bytes() {
            hash = mix(hash ^ u64::from(byte));
        }
        for number in numbers {
            hash = mix(hash ^ *number as u64);
        }
        self.hash = hash;
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{:>12.3} ms  {what} {numbers:?}", now as f64 / 1000.0));
        }
    }
}
