//! The transaction coordinator: who may write under a transactional id, and which transactions are open or being ended.

use super::log::Pid;
use std::collections::{BTreeMap, BTreeSet};
use tidegate_model::TopicPartition;

/// Why a request was refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refused {
    /// The last transaction is still being ended: ask again.
    Concurrent,
    /// A younger producer has the id, or the coordinator has ended the transaction.
    Fenced,
    /// There is no such transaction.
    NoTransaction,
    /// Offsets of transactions that are not decided: ask again.
    Unstable,
    /// Not in the group as it is now: unknown, replaced, or of another generation.
    NotMember(&'static str),
}

/// Where a marker is written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Target {
    Records(TopicPartition),
    Offsets,
}

enum State {
    /// How the last one ended.
    None(Option<bool>),
    Ongoing {
        since: i64,
    },
    Ending {
        commit: bool,
        left: BTreeSet<Target>,
    },
}

struct Transactional {
    pid: Pid,
    epoch: u32,
    timeout: i64,
    state: State,
    targets: BTreeSet<Target>,
}

/// Markers that must be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ending {
    pub id: String,
    pub pid: Pid,
    pub epoch: u32,
    pub commit: bool,
    pub targets: Vec<Target>,
}

/// A producer as its client knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    pub id: String,
    pub pid: Pid,
    pub epoch: u32,
}

#[derive(Default)]
pub struct Transactions {
    ids: BTreeMap<String, Transactional>,
    next_pid: Pid,
}

fn begin_end(id: &str, of: &mut Transactional, commit: bool) -> Ending {
    let targets = std::mem::take(&mut of.targets);
    let ending = Ending {
        id: id.to_owned(),
        pid: of.pid,
        epoch: of.epoch,
        commit,
        targets: targets.iter().cloned().collect(),
    };
    of.state =
        if targets.is_empty() { State::None(Some(commit)) } else { State::Ending { commit, left: targets } };
    ending
}

impl Transactions {
    /// A new producer takes an id over. What the older one left open is aborted first, by the markers that are returned.
    pub fn init(&mut self, id: &str, timeout: i64) -> (Result<Identity, Refused>, Option<Ending>) {
        if !self.ids.contains_key(id) {
            self.next_pid += 1;
            let new = Transactional {
                pid: self.next_pid,
                epoch: 0,
                timeout,
                state: State::None(None),
                targets: BTreeSet::new(),
            };
            self.ids.insert(id.to_owned(), new);
        }
        let of = self.ids.get_mut(id).expect("it is there now");
        match of.state {
            State::Ongoing { .. } => {
                of.epoch += 1;
                (Err(Refused::Concurrent), Some(begin_end(id, of, false)))
            }
            State::Ending { .. } => (Err(Refused::Concurrent), None),
            State::None(_) => {
                of.epoch += 1;
                of.state = State::None(None);
                (Ok(Identity { id: id.to_owned(), pid: of.pid, epoch: of.epoch }), None)
            }
        }
    }

    fn current(&mut self, of: &Identity) -> Result<&mut Transactional, Refused> {
        let known = self.ids.get_mut(&of.id).ok_or(Refused::NoTransaction)?;
        if known.epoch == of.epoch { Ok(known) } else { Err(Refused::Fenced) }
    }

    /// A transaction will write there.
    pub fn add(&mut self, producer: &Identity, target: Target, now: i64) -> Result<(), Refused> {
        let of = self.current(producer)?;
        match of.state {
            State::Ending { .. } => return Err(Refused::Concurrent),
            State::None(_) => of.state = State::Ongoing { since: now },
            State::Ongoing { .. } => {}
        }
        of.targets.insert(target);
        Ok(())
    }

    /// Decides a transaction. The markers that are returned are still to be written.
    pub fn end(&mut self, producer: &Identity, commit: bool) -> Result<Option<Ending>, Refused> {
        let of = self.current(producer)?;
        match of.state {
            State::Ongoing { .. } => Ok(Some(begin_end(&producer.id, of, commit))),
            State::Ending { commit: decided, .. } if decided == commit => Err(Refused::Concurrent),
            // The same request, made again.
            State::None(Some(decided)) if decided == commit => Ok(None),
            _ => Err(Refused::NoTransaction),
        }
    }

    /// A marker was written.
    pub fn marked(&mut self, id: &str, target: &Target) {
        let of = self.ids.get_mut(id).expect("only what is ended is marked");
        if let State::Ending { commit, left } = &mut of.state {
            left.remove(target);
            if left.is_empty() {
                of.state = State::None(Some(*commit));
            }
        }
    }

    /// Transactions that are open for too long are aborted, and their producers fenced.
    pub fn expire(&mut self, now: i64) -> Vec<Ending> {
        let mut endings = Vec::new();
        for (id, of) in &mut self.ids {
            if matches!(of.state, State::Ongoing { since } if now - since > of.timeout) {
                of.epoch += 1;
                endings.push(begin_end(id, of, false));
            }
        }
        endings
    }

    pub fn are_settled(&self) -> bool {
        self.ids.values().all(|of| matches!(of.state, State::None(_)))
    }
}
