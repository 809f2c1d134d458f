//! Places in commit, rebalance and restore at which a test can have the process die, wait or fail. They are off unless the program arms
//! them, which `tidegate` does for `TIDEGATE_FAILPOINTS` only (`engine/cli/src/failpoints.rs`); a point that is off costs one relaxed load.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

macro_rules! failpoints {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A place, by when it is passed.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Failpoint { $($(#[$doc])* $variant,)* }

        impl Failpoint {
            /// Every place.
            pub const ALL: &'static [Failpoint] = &[$(Failpoint::$variant,)*];

            /// The name by which it is armed.
            pub fn name(self) -> &'static str {
                match self { $(Failpoint::$variant => $name,)* }
            }
        }
    };
}

failpoints! {
    /// A transaction has begun, nothing is sent.
    CommitBegun = "commit.begun",
    /// Some tasks have sent their changelogs, others have not.
    CommitHalfPrepared = "commit.half_prepared",
    /// All is handed over to the producer, not all has arrived.
    CommitPrepared = "commit.prepared",
    /// All has arrived. Failing: as if a record had not.
    CommitDrained = "commit.drained",
    /// The offsets are in the transaction. Failing: as if nobody knew.
    CommitOffsets = "commit.offsets",
    /// The broker has committed. Failing: as if its answer had not come.
    CommitAnswered = "commit.answered",
    /// Some stores have taken the commit in.
    CommitHalfStored = "commit.half_stored",
    /// All have.
    CommitStored = "commit.stored",
    /// Before and after what stores have taken in is written into RocksDB.
    StoreWriting = "store.writing",
    StoreWritten = "store.written",
    /// A transaction is to be given up. Failing: as if that had failed.
    AbortBegun = "abort.begun",
    AbortDone = "abort.done",
    /// The producers are to be made anew. Failing: as if the coordinator were away.
    ResetBegun = "reset.begun",
    /// One of the producers has been.
    ResetHalf = "reset.half",
    ResetDone = "reset.done",
    /// The group takes the partitions back: before the last commit, behind it, and when they are given back.
    GroupRevoking = "group.revoking",
    GroupCommitted = "group.committed",
    GroupRevoked = "group.revoked",
    /// The group has taken them already.
    GroupLost = "group.lost",
    /// Partitions were given, and no store is open yet.
    GroupAssigned = "group.assigned",
    /// A store is open, and what it lacks is known.
    RestoreBegun = "restore.begun",
    /// Some of it has been written.
    RestoreHalf = "restore.half",
    /// A store has everything, and its task is not at work.
    RestoreDone = "restore.done",
    /// A task is at work.
    RestoreOpened = "restore.opened",
    /// The worker is to end: before its last commit, behind it, and when its stores are on the disk.
    CloseBegun = "close.begun",
    CloseCommitted = "close.committed",
    CloseSynced = "close.synced",
    /// Failing: a producer is kept although a request of it was never answered, which is wrong (`engine/kafka/DESIGN.md`).
    ProducerKept = "producer.kept",
}

/// What is done where a point is passed; true: fail there.
type Handler = Box<dyn Fn(Failpoint) -> bool + Send + Sync>;

static ARMED: AtomicBool = AtomicBool::new(false);
static HANDLER: OnceLock<Handler> = OnceLock::new();

/// Has `handler` decide from now on. Only the first call counts.
pub fn arm(handler: Handler) {
    if HANDLER.set(handler).is_ok() {
        ARMED.store(true, Ordering::Release);
    }
}

impl Failpoint {
    /// The process has come here.
    #[inline]
    pub fn pass(self) {
        let _ = self.fails();
    }

    /// The process has come here. Is it to fail?
    #[inline]
    pub fn fails(self) -> bool {
        ARMED.load(Ordering::Relaxed) && self.decide()
    }

    #[cold]
    fn decide(self) -> bool {
        HANDLER.get().is_some_and(|handler| handler(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_silent_until_they_are_armed() {
        assert!(!Failpoint::CommitDrained.fails());
        arm(Box::new(|point| point == Failpoint::CommitDrained));
        assert!(Failpoint::CommitDrained.fails());
        assert!(!Failpoint::CommitOffsets.fails());
    }

    #[test]
    fn every_point_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<&str> =
            Failpoint::ALL.iter().map(|point| point.name()).collect();
        assert_eq!(names.len(), Failpoint::ALL.len());
    }
}
