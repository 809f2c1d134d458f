//! How the memory that a run may take is shared out.

use std::fmt;
use std::str::FromStr;
use tidegate_kafka::Queues;

/// A size in bytes, as `512MiB`, `2GB` or `65536`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Size(pub u64);

const UNITS: [(&str, u64); 7] = [
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("b", 1),
];

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Size, String> {
        let lower = text.trim().to_ascii_lowercase();
        let (number, unit) = UNITS
            .iter()
            .find_map(|(name, unit)| Some((lower.strip_suffix(name)?, *unit)))
            .unwrap_or((lower.as_str(), 1));
        let number: u64 =
            number.trim().parse().map_err(|_| "a size is a whole number and a unit, as 512MiB".to_owned())?;
        number.checked_mul(unit).map(Size).ok_or_else(|| "this is too large".to_owned())
    }
}

/// In the unit that gives two or three digits.
impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, unit) in [("GB", 1_000_000_000u64), ("MB", 1_000_000), ("kB", 1_000)] {
            if self.0 >= unit {
                return write!(f, "{:.1} {name}", self.0 as f64 / unit as f64);
            }
        }
        write!(f, "{} B", self.0)
    }
}

/// In the unit in which limits are told.
fn in_mib(bytes: u64) -> String {
    match bytes % (1 << 20) {
        0 => format!("{}MiB", bytes >> 20),
        _ => format!("{:.2}MiB", bytes as f64 / f64::from(1 << 20)),
    }
}

/// The program itself with its libraries, and what one batch takes on its way through the operators.
const PROGRAM: u64 = 176 << 20;
/// Less would not hold one batch of each kind.
const PARTS_LEAST: u64 = 48 << 20;
/// What the embedded log keeps of what was written last, and what it reads ahead.
const EMBEDDED_LOG: u64 = 32 << 20;
const LEAST: u64 = 256 << 20;
/// What a worker's standbys have read ahead.
const STANDBYS: u64 = 8 << 20;
/// Below this a fetch holds too little to be worth its way.
const QUEUE_LEAST: usize = 256 << 10;
/// More makes nothing faster.
const QUEUE_MOST: usize = 8 << 20;
/// A record of `message.max.bytes` (1,000,000 by default) and its key.
const SEND_LEAST: usize = 1 << 20;
const SEND_MOST: usize = 64 << 20;

/// What the process takes in all, and what is shared out of it: a quarter each for the caches of the state, for RocksDB, for what was fetched
/// ahead, and for what waits to be written.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    all: u64,
    parts: u64,
}

impl Memory {
    pub fn new(all: Size) -> Result<Memory, String> {
        if all.0 < LEAST {
            return Err(format!("--memory {}: the least is {}", in_mib(all.0), in_mib(LEAST)));
        }
        Ok(Memory { all: all.0, parts: all.0 - PROGRAM })
    }

    /// Bytes that the process takes at most.
    pub fn all(self) -> u64 {
        self.all
    }

    /// Sets aside what the standbys of so many workers and the deliveries of so many `http` sinks take.
    pub fn without(self, standbys: u32, deliveries: usize) -> Result<Memory, String> {
        // What a delivery reads ahead, what is on its way, and what it sets aside.
        let delivery = 6 * QUEUE_MOST as u64;
        let others = STANDBYS * u64::from(standbys) + delivery * deliveries as u64;
        let parts = self.parts.checked_sub(others).filter(|parts| *parts >= PARTS_LEAST);
        parts.map(|parts| Memory { parts, ..self }).ok_or_else(|| {
            let least = self.all - self.parts + others + PARTS_LEAST;
            format!(
                "--memory {}: standbys and `http` sinks take some of it, so {}MiB are the least here",
                in_mib(self.all),
                least.div_ceil(1 << 20)
            )
        })
    }

    /// Sets aside what the embedded log takes.
    pub fn without_log(self) -> Memory {
        Memory { parts: self.parts - EMBEDDED_LOG, ..self }
    }

    /// The partitions that one process can have without taking more: each brings something that was fetched, however little memory there is.
    pub fn partitions_max(self) -> u32 {
        u32::try_from(self.quarter() / QUEUE_LEAST).unwrap_or(u32::MAX)
    }

    fn quarter(self) -> usize {
        usize::try_from(self.parts / 4).unwrap_or(usize::MAX)
    }

    /// For the caches of each of so many workers.
    pub fn caches(self, workers: u32) -> usize {
        self.quarter() / workers as usize
    }

    pub fn rocksdb(self) -> usize {
        self.quarter()
    }

    /// What waits for the next commit of each worker, roughly, before the commit is made early.
    pub fn uncommitted(self, workers: u32) -> usize {
        (self.quarter() / 2 / workers as usize).min(SEND_MOST)
    }

    /// Of the delivery of an `http` sink, which reads no faster than requests are answered.
    pub fn queues_of_a_delivery() -> Queues {
        // A record that is larger than all of the queue would never be taken.
        Queues { fetched_bytes: QUEUE_LEAST, send_bytes: QUEUE_MOST }
    }

    /// `partitions`: of all inputs; one process may have them all.
    pub fn queues(self, workers: u32, partitions: u32) -> Queues {
        Queues {
            fetched_bytes: (self.quarter() / partitions.max(1) as usize).clamp(QUEUE_LEAST, QUEUE_MOST),
            send_bytes: (self.quarter() / 2 / workers as usize).clamp(SEND_LEAST, SEND_MOST),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_shown() {
        let sizes = ["512MiB", "2gb", "64 KiB", "100", "7b"].map(|text| text.parse::<Size>().expect(text).0);
        assert_eq!(sizes, [512 << 20, 2_000_000_000, 64 << 10, 100, 7]);
        for wrong in ["", "MiB", "1.5GB", "-1", "99999999999999GB", "12x"] {
            assert!(wrong.parse::<Size>().is_err(), "{wrong:?}");
        }
        let shown = [0, 999, 1_500, 12_345_678, 2_000_000_000].map(|bytes| Size(bytes).to_string());
        assert_eq!(shown, ["0 B", "999 B", "1.5 kB", "12.3 MB", "2.0 GB"]);
    }

    #[test]
    fn the_parts_are_not_more_than_the_whole() {
        for (all, workers, partitions) in [(LEAST, 1, 1), (512 << 20, 4, 64), (8 << 30, 2, 12)] {
            let whole = Memory::new(Size(all)).expect("enough");
            let more = [whole.without(workers, 2), whole.without_log().without(0, 1)];
            assert_eq!(more[1].is_ok(), all > LEAST, "a delivery takes some of it");
            for memory in more.into_iter().flatten().chain([whole]) {
                assert!(partitions <= memory.partitions_max());
                let queues = memory.queues(workers, partitions);
                let of_workers = memory.caches(workers) + memory.uncommitted(workers) + queues.send_bytes;
                let sum = memory.rocksdb()
                    + of_workers * workers as usize
                    + queues.fetched_bytes * partitions as usize;
                assert!(sum as u64 <= memory.parts, "{sum} of {memory:?}");
                assert!(memory.parts + PROGRAM <= all && memory.all() == all);
            }
        }
        assert!(Memory::new(Size(LEAST - 1)).is_err());
    }
}
