//! What one seed decides before anything happens.

use super::random::Random;
use std::collections::BTreeSet;
use std::time::Duration;
use tidegate_engine::limits::Limits;

/// A way in which something goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Fault {
    /// A process is killed between two steps.
    Kill,
    /// A process is killed while it asks the cluster something, before or behind what it asks for.
    KillInCall,
    /// The machine of a process loses its power: what was not synced is gone.
    LosePower,
    LoseDisk,
    /// The disk is as it was at an earlier moment.
    OldDisk,
    DiskFull,
    /// Nothing can be read from the disk or written to it.
    DiskFails,
    /// A database's files are damaged.
    Damage,
    /// A process does nothing for a while, and goes on as if it had not been away.
    Pause,
    /// A process cannot reach the cluster.
    Cut,
    /// Nobody can.
    Outage,
    TransactionsMove,
    GroupMoves,
    /// Markers of transactions come late, each for itself.
    SlowMarkers,
    LostRequest,
    LostAnswer,
    /// The end of a transaction comes long after it was sent, when it was already sent again.
    LateEnd,
    /// A record cannot be delivered.
    Undelivered,
    /// A process is told to end, and ends.
    Stop,
    Compaction,
    /// The log forgets what nobody needs any more.
    Trim,
}

impl Fault {
    pub const ALL: [Fault; 21] = [
        Fault::Kill,
        Fault::KillInCall,
        Fault::LosePower,
        Fault::LoseDisk,
        Fault::OldDisk,
        Fault::DiskFull,
        Fault::DiskFails,
        Fault::Damage,
        Fault::Pause,
        Fault::Cut,
        Fault::Outage,
        Fault::TransactionsMove,
        Fault::GroupMoves,
        Fault::SlowMarkers,
        Fault::LostRequest,
        Fault::LostAnswer,
        Fault::LateEnd,
        Fault::Undelivered,
        Fault::Stop,
        Fault::Compaction,
        Fault::Trim,
    ];
}

/// One run. Everything that is not here follows from the seed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Case {
    pub seed: u64,
    /// Which of the topologies that the simulation was given.
    pub topology: usize,
    pub partitions: u32,
    pub processes: usize,
    /// Of each process.
    pub workers: usize,
    pub events: usize,
    /// How long faults are made.
    pub steps: usize,
    /// The kinds that may happen.
    pub faults: BTreeSet<Fault>,
    /// Faults that would happen and do not, by their number.
    pub left_out: BTreeSet<u64>,
    /// In the end one process alone must do everything.
    pub one_survives: bool,
}

impl Case {
    pub fn of(seed: u64, topologies: usize) -> Case {
        let mut random = Random::new(seed, 1);
        // A few kinds often, rather than all of them seldom.
        let share = *random.pick(&[0, 150, 300, 600, 1000]);
        let faults = Fault::ALL.into_iter().filter(|_| random.chance(share)).collect();
        Case {
            seed,
            topology: random.below(topologies as u64) as usize,
            partitions: random.between(1, 4) as u32,
            processes: random.between(1, 3) as usize,
            workers: random.between(1, 2) as usize,
            events: random.between(20, 120) as usize,
            steps: random.between(150, 700) as usize,
            faults,
            left_out: BTreeSet::new(),
            one_survives: random.chance(500),
        }
    }

    /// How long compaction keeps deletions; a store that was away for half of it is built anew.
    pub fn deletion_retention(&self) -> Duration {
        Duration::from_secs(*Random::new(self.seed, 2).pick(&[20, 60, 3600]))
    }

    /// How many processes may go at once, without their stores being read from the beginning. 0: nobody keeps copies.
    pub fn standbys(&self) -> u32 {
        Random::new(self.seed, 8).between(0, 2) as u32
    }

    pub fn limits(&self) -> Limits {
        let mut random = Random::new(self.seed, 3);
        let mut millis = |choices: &[u64]| Duration::from_millis(*random.pick(choices));
        let commit_interval = millis(&[0, 20, 100, 400]);
        let commit_interval_idle = millis(&[0, 5, 20]);
        let write_interval = millis(&[0, 50, 500, 2_000]);
        let sync_interval = millis(&[0, 200, 3_000, 10_000]);
        let marker_interval = millis(&[0, 100, 1_000]);
        Limits {
            commit_interval,
            commit_interval_idle,
            write_interval,
            sync_interval,
            marker_interval,
            batch_records: *random.pick(&[1, 3, 17, 4096]),
            uncommitted_bytes: *random.pick(&[200, 4_000, 64 << 20]),
            // Little, so that values leave the memory and are read from the store again.
            cache_bytes: *random.pick(&[0, 2_000, 8 << 20]),
            broker_wait: Duration::from_secs(10),
            store_age: Some(self.deletion_retention() / 2),
            ..Limits::default()
        }
    }
}
