//! What the engine needs from Kafka, in its own words. `engine/kafka` and `engine/embedded` implement it.
//!
//! A worker owns one [`Reader`] (its membership in the consumer group, and the partitions it was given), one [`Writer`]
//! (its transactional producer) and borrows one [`Restorer`] while it replays changelogs. None of them blocks for longer than it is told to.

use std::time::Duration;
use thiserror::Error;
use tidegate_model::{EventTime, Offset, PartitionId, TopicPartition};

/// A partition that is assigned to this worker; valid from [`Reader::assign`] until the next [`Reader::unassign`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Slot(pub u32);

/// A topic that this worker writes to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TopicHandle(pub u32);

/// What the consumer group asks of this worker. The worker answers `Assigned` by [`Reader::assign`] and the other two by
/// [`Reader::unassign`]; until it has, the group waits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GroupEvent {
    /// All partitions that are now this worker's (a total, not an increment). May be empty.
    Assigned(Vec<TopicPartition>),
    /// Everything is taken back for a rebalance; work that is done may still be committed first.
    Revoking,
    /// Everything was taken away already: nothing may be committed.
    Lost,
}

/// One record, borrowed from the reader for the length of one call.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    pub offset: Offset,
    /// The record's own timestamp (create time, or append time where the topic says so).
    pub timestamp: EventTime,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
}

/// A record that borrows from nobody, with its headers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnedRecord {
    pub offset: Offset,
    pub timestamp: EventTime,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Vec<u8>)>,
}

/// Where a group has got to in one partition: the next offset to read, and the note that was committed with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Committed {
    pub next: Offset,
    /// At most 4096 bytes of ASCII.
    pub metadata: String,
}

/// The first offset that is still there, and the one after the last (the high watermark, open transactions included).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OffsetRange {
    pub start: Offset,
    pub end: Offset,
}

pub trait Reader {
    /// Proof of membership that a commit must carry (group id, generation, member id).
    type Group;

    /// Serves the group without waiting. Must be called at least every few hundred milliseconds, also while restoring.
    fn poll_group(&mut self) -> Result<Option<GroupEvent>, LogError>;

    /// Takes partitions over from `starts` on. Returns one slot for each, in the same order.
    fn assign(&mut self, starts: &[(TopicPartition, Offset)]) -> Result<Vec<Slot>, LogError>;

    fn unassign(&mut self) -> Result<(), LogError>;

    /// Gives up to `max_records` records of a partition to `visit`, in offset order, without waiting. Returns how many. Offsets may
    /// have gaps (transaction markers, compaction), and never go back except after [`Reader::seek`].
    fn fetch(
        &mut self,
        slot: Slot,
        max_records: usize,
        visit: &mut dyn FnMut(Record<'_>),
    ) -> Result<usize, LogError>;

    /// Waits until a partition may have records or the group has something to say, at most `timeout`.
    fn wait(&mut self, timeout: Duration);

    /// The next fetch of this partition begins at `next`; what was fetched ahead is dropped. [`LogError::NotMember`]: the place in the group is
    /// another's.
    fn seek(&mut self, slot: Slot, next: Offset) -> Result<(), LogError>;

    /// The end of the partition as far as it is known without asking: committed records lie below it. None: not known yet. At most what was
    /// fetched, if all records that there are were.
    fn known_end(&self, slot: Slot) -> Option<Offset>;

    /// Asks whether there is nothing at or behind what was fetched, open transactions included. Waits for the broker, at most `timeout`;
    /// [`LogError::Retry`]: nobody knows.
    fn confirm_end(&mut self, slot: Slot, timeout: Duration) -> Result<bool, LogError>;

    /// Is this a finite input that will never have records at or after `next`?
    fn ended(&self, slot: Slot, next: Offset) -> bool;

    /// What the group has committed, stable (after open transactions are decided). Waits for the broker, at most `timeout`.
    /// [`LogError::NotMember`]: the place in the group is another's.
    fn committed(
        &mut self,
        partitions: &[TopicPartition],
        timeout: Duration,
    ) -> Result<Vec<Option<Committed>>, LogError>;

    /// Waits for the broker, at most `timeout`. The end counts open transactions too.
    fn offset_range(
        &mut self,
        partition: &TopicPartition,
        timeout: Duration,
    ) -> Result<OffsetRange, LogError>;

    /// Proof of membership for a commit now. [`LogError::NotMember`] where there is none that fences
    /// (not joined, generation below 1, empty member id, assignment lost).
    fn group(&mut self) -> Result<Self::Group, LogError>;

    /// Leaves the group, so that others take over at once.
    fn close(&mut self, timeout: Duration);
}

/// A record to be written.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    pub topic: TopicHandle,
    pub partition: PartitionId,
    pub timestamp: EventTime,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
    pub headers: &'a [(&'a str, &'a [u8])],
}

/// How far a changelog partition was written by the transaction that was committed: the offset after its last record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangelogEnd {
    pub topic: TopicHandle,
    pub partition: PartitionId,
    pub next: Offset,
}

/// What became of a transaction. What is not `Committed` left no trace that a read-committed reader sees, or may not have (`Unknown`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CommitOutcome {
    Committed(Vec<ChangelogEnd>),
    /// Refused and aborted; the writer is ready for the next transaction. Uncommitted work is dropped and read again.
    Aborted {
        why: String,
    },
    /// Refused for good and aborted: a record in it can never be written as things are (too large for its topic, not allowed).
    Rejected {
        why: String,
    },
    /// Fenced, or nobody knows: [`Writer::reset`] must be called, then the committed offsets tell what happened.
    Unknown {
        why: String,
    },
}

pub trait Writer {
    type Group;

    /// Makes a topic known. `changelog`: the end that its partitions were written to is reported at commit.
    fn topic(&mut self, name: &str, changelog: bool) -> Result<TopicHandle, LogError>;

    /// How many partitions it has.
    fn partitions(&self, topic: TopicHandle) -> u32;

    /// Takes a record into the current transaction; begins one if none is open. Waits while the send buffer is full.
    fn send(&mut self, record: Outgoing<'_>) -> Result<(), LogError>;

    /// Takes the changes of one table (key, and value or None for a deletion) into the current transaction, as [`Writer::send`] does.
    fn send_changelog(
        &mut self,
        topic: TopicHandle,
        partition: PartitionId,
        changes: &mut dyn Iterator<Item = (&[u8], Option<&[u8]>)>,
    ) -> Result<(), LogError> {
        let timestamp = EventTime::from_micros(0);
        for (key, value) in changes {
            self.send(Outgoing { topic, partition, timestamp, key: Some(key), value, headers: &[] })?;
        }
        Ok(())
    }

    /// Bytes of the transaction that are held in memory until its commit.
    fn held_bytes(&self) -> usize {
        0
    }

    /// Ends the transaction with these next offsets of the inputs. All in it becomes visible at once, or nothing.
    fn commit(&mut self, group: &Self::Group, offsets: &[(TopicPartition, Committed)]) -> CommitOutcome;

    /// Gives the transaction up.
    fn abort(&mut self) -> CommitOutcome;

    /// Fences every older writer of the same id and settles what it left open; afterwards the outcome of its last transaction is final.
    fn reset(&mut self, timeout: Duration) -> Result<(), LogError>;

    /// The state up to here is durable in its own store; an embedded log may forget the changelog before `next`.
    fn trim_changelog(&mut self, topic: TopicHandle, partition: PartitionId, next: Offset);
}

/// Replays changelog partitions, outside of any group.
pub trait Restorer {
    /// Begins to read `partition` from `from` up to `to` (read committed, past transaction markers and compaction gaps).
    fn start(&mut self, partition: &TopicPartition, from: Offset, to: Offset) -> Result<(), LogError>;

    /// Gives records of any started partition to `visit`, waiting at most `timeout` for the first. Returns the partitions' positions
    /// (next offset to read) as they are now; a partition at or past its `to` is done and reported one last time.
    fn poll(
        &mut self,
        timeout: Duration,
        visit: &mut dyn FnMut(&TopicPartition, Record<'_>),
    ) -> Result<Vec<(TopicPartition, Offset)>, LogError>;

    /// Forgets a partition that is no longer wanted.
    fn stop(&mut self, partition: &TopicPartition);
}

/// A record that is sent to a place of somebody's choosing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Addressed {
    pub to: TopicPartition,
    pub timestamp: EventTime,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
}

/// Topics as a person's tool sees them: read from end to end, and written in transactions that commit with them how far a group has come
/// of which nobody is a member.
pub trait Archive {
    /// How many partitions a topic has; None: there is no such topic.
    fn partitions(&mut self, topic: &str) -> Result<Option<u32>, LogError>;

    /// Gives every committed record that is there now to `visit`, in order. Returns the offset behind them.
    fn read(
        &mut self,
        partition: &TopicPartition,
        visit: &mut dyn FnMut(OwnedRecord),
    ) -> Result<Offset, LogError>;

    /// From here on nobody else of the same group commits: what another has left open is settled, and what it is about to do is refused.
    fn fence(&mut self) -> Result<(), LogError>;

    fn committed(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Option<Committed>>, LogError>;

    /// Writes records and positions, all or nothing. [`LogError::Retry`]: nobody knows which.
    fn commit(
        &mut self,
        records: &[Addressed],
        positions: &[(TopicPartition, Committed)],
    ) -> Result<(), LogError>;
}

/// What can go wrong with the log, by what to do about it.
#[derive(Clone, PartialEq, Eq, Error, Debug)]
pub enum LogError {
    /// The broker is away or slow: the same call may succeed later.
    #[error("{0}")]
    Retry(String),
    /// This worker is no member of its group now; drop uncommitted work and wait for the next assignment.
    #[error("not a member of the consumer group: {0}")]
    NotMember(String),
    /// The records between what was committed and the first that is still there are gone.
    #[error("{partition}: offset {wanted} is out of range (the log holds {start} to {end})", wanted = wanted.0, start = range.start.0, end = range.end.0)]
    OutOfRange { partition: TopicPartition, wanted: Offset, range: OffsetRange },
    /// A record that can never be written (too large for the broker or the topic).
    #[error("{0}")]
    Rejected(String),
    /// Nothing helps but a person: authorization, a deleted topic, a corrupt log.
    #[error("{0}")]
    Fatal(String),
}
