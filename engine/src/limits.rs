//! Every bound of the engine, with its unit in its name.

use std::time::Duration;

/// How a worker behaves; the defaults suit most topologies.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The longest a result waits for its commit while there is a backlog.
    pub commit_interval: Duration,
    /// The shortest time between two commits when the input has been drained.
    pub commit_interval_idle: Duration,
    /// How often what was committed is written into the stores. A killed process replays this much of its changelogs.
    pub write_interval: Duration,
    /// How often stores are synced to disk. A power failure may take this much of them, which the changelogs give back.
    pub sync_interval: Duration,
    /// Records that go through the operators at a time.
    pub batch_records: usize,
    /// A commit is made early when this many bytes of state and output are waiting for it.
    pub uncommitted_bytes: usize,
    /// Memory for the state caches of one worker, shared equally by its stores.
    pub cache_bytes: usize,
    /// A record with a larger payload is malformed.
    pub record_bytes: usize,
    /// How long a call to the broker may take before it is tried again.
    pub broker_wait: Duration,
    /// A store whose last commit is older is built anew from its changelogs, which may have forgotten deletions (`delete.retention.ms`).
    pub store_age: Option<Duration>,
    /// The least time between two watermark markers to an internal partition that gets no records.
    pub marker_interval: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            commit_interval: Duration::from_millis(100),
            commit_interval_idle: Duration::from_millis(5),
            write_interval: Duration::from_secs(2),
            sync_interval: Duration::from_secs(10),
            batch_records: 4096,
            uncommitted_bytes: 64 << 20,
            cache_bytes: 128 << 20,
            record_bytes: 1 << 20,
            broker_wait: Duration::from_secs(30),
            store_age: None,
            marker_interval: Duration::from_secs(1),
        }
    }
}
