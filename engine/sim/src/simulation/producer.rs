//! One transactional producer as its client library makes it: records wait in a buffer, are delivered in the background, and a transaction
//! that has failed can only be aborted.

use super::broker::log::Stored;
use super::broker::transactions::{Identity, Refused, Target};
use super::broker::{Cluster, GroupProof};
use super::case::Fault;
use super::line::{AskError, Failed, Line, Request};
use super::planted::Planted;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;
use tidegate_engine::log::Committed;
use tidegate_model::TopicPartition;

/// How long the broker lets a transaction be open.
const TRANSACTION: Duration = Duration::from_secs(10);
const CALL: Duration = Duration::from_secs(10);
/// A request that was held up comes at most so much later.
const LATE_MAX: i64 = 2_000_000;

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wrong {
    Killed,
    /// The transaction can only be aborted.
    Abort(String),
    /// The producer is done for.
    Fatal(String),
    /// The same call may be made again.
    Retry(String),
}

impl Wrong {
    pub fn told(self) -> String {
        match self {
            Wrong::Killed => "the process was killed".to_owned(),
            Wrong::Abort(why) | Wrong::Fatal(why) | Wrong::Retry(why) => why,
        }
    }
}

impl From<AskError> for Wrong {
    fn from(error: AskError) -> Wrong {
        match error {
            AskError::Killed => Wrong::Killed,
            AskError::TimedOut => Wrong::Retry("no answer".to_owned()),
            AskError::Refused(Refused::NotMember(why)) => Wrong::Abort(format!("not a member: {why}")),
            AskError::Refused(refused) => Wrong::Fatal(format!("{refused:?}")),
        }
    }
}

/// A record on its way, and whose end is told when it has arrived (see `ends`).
pub struct Waiting {
    pub partition: TopicPartition,
    pub record: Stored,
    pub report: Option<u32>,
}

pub struct Producer {
    line: Line,
    identity: Identity,
    buffer: VecDeque<Waiting>,
    added: BTreeSet<TopicPartition>,
    /// Was the coordinator told of the transaction, or may it have been?
    registered: bool,
    /// A delivery that failed, which fails the transaction.
    failure: Option<Wrong>,
    /// Behind the last record of each changelog partition that was delivered.
    pub ends: BTreeMap<(u32, TopicPartition), i64>,
}

impl Producer {
    /// Takes the id over; what an earlier producer left open is settled.
    pub fn init(line: &Line, id: &str, timeout: Duration) -> Result<Producer, Wrong> {
        let own = line.another();
        let init = |cluster: &mut Cluster, now: i64| cluster.init(id, TRANSACTION.as_micros() as i64, now);
        let identity = own.ask(Request::Init, timeout, init)?;
        own.failed.set(false);
        own.world.note("producer", &[identity.pid as i64, i64::from(identity.epoch)]);
        Ok(Producer {
            line: own,
            identity,
            buffer: VecDeque::new(),
            added: BTreeSet::new(),
            registered: false,
            failure: None,
            ends: BTreeMap::new(),
        })
    }

    /// Has its connection failed since somebody looked?
    pub fn take_failed(&self) -> bool {
        self.line.failed.replace(false)
    }

    pub fn begin(&mut self) {
        self.added.clear();
        self.registered = false;
        self.ends.clear();
        self.failure = None;
    }

    pub fn push(&mut self, waiting: Waiting) {
        self.buffer.push_back(waiting);
    }

    /// Delivers up to so many batches of the records that wait.
    pub fn deliver(&mut self, most: usize) {
        for _ in 0..most {
            if self.failure.is_some() {
                return;
            }
            let batch = self.take_batch();
            if batch.is_empty() {
                return;
            }
            if let Err(wrong) = self.deliver_batch(&batch) {
                if self.line.world.planted == Planted::DropDeliveryError && wrong != Wrong::Killed {
                    continue;
                }
                self.line.world.count(|counts| counts.undelivered += 1);
                self.failure = Some(wrong);
            }
        }
    }

    /// The oldest record that waits, and some more of its partition.
    fn take_batch(&mut self) -> Vec<Waiting> {
        let Some(place) = self.buffer.front().map(|first| first.partition.clone()) else { return Vec::new() };
        let most = self.line.world.between(1, 16) as usize;
        let mut batch = Vec::new();
        let mut rest = VecDeque::new();
        for waiting in self.buffer.drain(..) {
            if batch.len() < most && waiting.partition == place {
                batch.push(waiting);
            } else {
                rest.push_back(waiting);
            }
        }
        self.buffer = rest;
        batch
    }

    fn deliver_batch(&mut self, batch: &[Waiting]) -> Result<(), Wrong> {
        let identity = &self.identity;
        let place = &batch[0].partition;
        let of_delivery = |error: AskError| match Wrong::from(error) {
            // The library has tried for as long as a message may take.
            Wrong::Retry(why) => Wrong::Abort(format!("{place}: not delivered: {why}")),
            other => other,
        };
        if !self.added.contains(place) {
            let target = Target::Records(place.clone());
            let add =
                |cluster: &mut Cluster, now: i64| cluster.transactions.add(identity, target.clone(), now);
            self.registered = true;
            self.line.ask(Request::Add, CALL, add).map_err(of_delivery)?;
            self.added.insert(place.clone());
        }
        if self.line.world.fault(Fault::Undelivered, 4) {
            return Err(Wrong::Abort(format!("{place}: not delivered")));
        }
        // Sent again after a lost answer, it is known by its sequence number, and is not written twice.
        let mut written = None;
        let produce = |cluster: &mut Cluster, _: i64| {
            let write = |written: &Waiting| cluster.produce(identity, place, written.record.clone());
            written.get_or_insert_with(|| batch.iter().map(write).collect::<Result<Vec<_>, _>>()).clone()
        };
        let offsets = self.line.ask(Request::Produce, CALL, produce).map_err(of_delivery)?;
        for (waiting, offset) in batch.iter().zip(offsets) {
            if let Some(report) = waiting.report {
                self.ends.insert((report, place.clone()), offset.0 + 1);
            }
        }
        Ok(())
    }

    /// Everything that was sent has arrived, or the reason why not.
    pub fn drain(&mut self) -> Result<(), Wrong> {
        self.deliver(usize::MAX);
        self.failure.clone().map_or(Ok(()), Err)
    }

    pub fn send_offsets(
        &mut self,
        offsets: &[(TopicPartition, Committed)],
        proof: &GroupProof,
    ) -> Result<(), Wrong> {
        self.registered = true;
        let identity = &self.identity;
        let add = |cluster: &mut Cluster, now: i64| cluster.transactions.add(identity, Target::Offsets, now);
        self.line.ask(Request::Add, CALL, add)?;
        let mut done = None;
        let commit = |cluster: &mut Cluster, _: i64| {
            if done.is_none() {
                let producer = (identity.pid, identity.epoch);
                done = Some(cluster.group.add_offsets(producer, proof, offsets));
            }
            done.clone().expect("it is there now")
        };
        Ok(self.line.ask(Request::CommitOffsets, CALL, commit)?)
    }

    /// Commits or aborts, and is told so. A request without an answer is sent again, over another connection: the first may still come.
    pub fn end(&mut self, commit: bool) -> Result<(), Wrong> {
        let world = self.line.world.clone();
        if !commit {
            self.buffer.clear();
            if !self.registered {
                return Ok(());
            }
        }
        let until = world.now() + CALL.as_micros() as i64;
        loop {
            if world.fault(Fault::LateEnd, 25) {
                let at = world.now() + world.between(1_000, LATE_MAX);
                world.cluster.borrow_mut().end_later(self.identity.clone(), commit, at);
                self.line.failed.set(true);
                world.pass(world.between(0, 20_000));
            }
            let identity = self.identity.clone();
            match self.line.request(Request::End, |cluster, now| cluster.end(&identity, commit, now)) {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(Refused::Concurrent)) => world.pass(5_000),
                Ok(Err(refused)) => return Err(Wrong::Fatal(format!("{refused:?}"))),
                Err(Failed::Killed) => return Err(Wrong::Killed),
                Err(Failed::Away | Failed::Moving) => {}
            }
            // Now and then nobody waits for longer.
            if world.now() >= until || (self.line.failed.get() && world.between(0, 2) == 0) {
                return Err(Wrong::Retry("no answer".to_owned()));
            }
        }
    }
}
