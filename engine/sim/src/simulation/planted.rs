//! Bugs that are put in on purpose: a simulation that does not find them proves nothing.

/// One way to be wrong. Most are made where the simulated clients stand in for the Kafka adapter; `StoreBeforeCommit` is in the worker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Planted {
    None,
    /// A commit without the inputs' offsets.
    SkipOffsets,
    /// The store is written before the log has committed.
    StoreBeforeCommit,
    /// The first proof of membership is shown for ever.
    OldGroupProof,
    /// A proof that nobody checks: generation -1 and no member.
    NoGroupProof,
    /// Changelogs are replayed up to the last stable offset, and not to the high watermark.
    RestoreToStable,
    /// A record that could not be delivered is passed over.
    DropDeliveryError,
    /// What was to be aborted is left open.
    SkipAbort,
    /// The replay waits for a record at the end, where a marker is.
    ForgetMarkers,
    /// A producer that was fenced believes that it has committed.
    IgnoreFencing,
    /// Changes do not go to the changelog.
    NoChangelog,
    /// What was aborted is sent again, beside what is worked on again.
    SendTwice,
    /// The first record behind the store's position is passed over.
    RestoreTooLate,
    /// After an abort the inputs are not read again.
    ForgetSeek,
    /// A producer goes on after its connection has failed.
    KeepProducer,
    /// A commit without an answer is taken for one that succeeded.
    BelieveUnknown,
    /// Offsets are asked for that are not decided yet.
    UnstableOffsets,
    /// Records are read that are not committed.
    ReadUncommitted,
    /// Changelog positions that lie behind what was written.
    PositionTooFar,
}

impl Planted {
    pub const ALL: [Planted; 18] = [
        Planted::SkipOffsets,
        Planted::StoreBeforeCommit,
        Planted::OldGroupProof,
        Planted::NoGroupProof,
        Planted::RestoreToStable,
        Planted::DropDeliveryError,
        Planted::SkipAbort,
        Planted::ForgetMarkers,
        Planted::IgnoreFencing,
        Planted::NoChangelog,
        Planted::SendTwice,
        Planted::RestoreTooLate,
        Planted::ForgetSeek,
        Planted::KeepProducer,
        Planted::BelieveUnknown,
        Planted::UnstableOffsets,
        Planted::ReadUncommitted,
        Planted::PositionTooFar,
    ];
}
