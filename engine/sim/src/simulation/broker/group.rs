//! The group coordinator (classic protocol, static members, range assignor) and its clients' own threads, which send heartbeats
//! and hear of rebalances.

use super::log::Pid;
use super::transactions::Refused;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use tidegate_engine::log::{Committed, GroupEvent};
use tidegate_model::{PartitionId, TopicPartition};

const SESSION: i64 = 6_000_000;
const REBALANCE: i64 = 60_000_000;
const POLL_MAX: i64 = 60_000_000;

pub type MemberId = u64;
pub type ClientId = usize;

/// What a commit carries to show that it is a member's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupProof {
    pub generation: i64,
    pub member: Option<MemberId>,
    pub instance: String,
}

/// A consumer as it knows itself.
pub struct Client {
    pub process: usize,
    pub instance: String,
    pub member: Option<MemberId>,
    pub generation: i64,
    /// Its partitions were taken away, and it knows.
    pub lost: bool,
    /// Waits for the worker to serve it.
    pub events: VecDeque<GroupEvent>,
    /// Has it partitions, or was it told that it has?
    pub holds: bool,
    /// It has asked to join, and waits for what it is given.
    joining: bool,
    pub last_poll: i64,
    pub gone: bool,
}

struct Member {
    id: MemberId,
    client: ClientId,
    joined: bool,
    last_seen: i64,
    assignment: Vec<TopicPartition>,
}

/// Something for a client that it hears a moment later.
#[derive(Clone, Debug)]
pub enum Notice {
    /// It has no partitions any more, and comes back.
    Join(ClientId),
    Rebalance(ClientId),
    Assigned(ClientId, i64),
}

#[derive(Default)]
pub struct Group {
    pub generation: i64,
    /// Until when a rebalance waits for members to join.
    preparing: Option<i64>,
    members: BTreeMap<String, Member>,
    pub clients: Vec<Client>,
    next_member: MemberId,
    topics: Vec<(String, u32)>,
    committed: BTreeMap<TopicPartition, (u64, Committed)>,
    pending: BTreeMap<Pid, Vec<(u64, TopicPartition, Committed)>>,
    epochs: BTreeMap<Pid, u32>,
    appended: u64,
    /// Notices that are on their way from now on.
    pub notices: Vec<Notice>,
    pub rebalances: u64,
    /// What must never happen.
    pub wrong: Vec<String>,
}

impl Group {
    pub fn new(topics: Vec<(String, u32)>) -> Group {
        Group { topics, ..Group::default() }
    }

    pub fn add_client(&mut self, process: usize, instance: &str, now: i64) -> ClientId {
        self.clients.push(Client {
            process,
            instance: instance.to_owned(),
            member: None,
            generation: -1,
            lost: false,
            events: VecDeque::new(),
            holds: false,
            joining: false,
            last_poll: now,
            gone: false,
        });
        self.clients.len() - 1
    }

    pub fn join(&mut self, client: ClientId, now: i64) {
        let own = &mut self.clients[client];
        own.joining = true;
        self.next_member += 1;
        let (new, stable) = (self.next_member, self.preparing.is_none());
        match self.members.get_mut(&own.instance) {
            // Static: whoever has the name takes its place, and the one before is fenced.
            Some(member) if own.member != Some(member.id) => {
                (member.id, member.client, member.last_seen) = (new, client, now);
                own.member = Some(new);
                if stable {
                    self.notices.push(Notice::Assigned(client, self.generation));
                    return;
                }
                member.joined = true;
            }
            Some(member) => {
                (member.joined, member.last_seen) = (true, now);
                if stable {
                    self.start(now, Some(client));
                }
            }
            None => {
                own.member = Some(new);
                let member = Member { id: new, client, joined: true, last_seen: now, assignment: Vec::new() };
                self.members.insert(own.instance.clone(), member);
                if stable {
                    self.start(now, Some(client));
                }
            }
        }
        self.complete_if_joined();
    }

    fn start(&mut self, now: i64, joined: Option<ClientId>) {
        self.preparing = Some(now + REBALANCE);
        for member in self.members.values_mut() {
            member.joined = Some(member.client) == joined;
            if !member.joined {
                self.notices.push(Notice::Rebalance(member.client));
            }
        }
    }

    fn complete_if_joined(&mut self) {
        if self.preparing.is_some() && self.members.values().all(|member| member.joined) {
            self.complete();
        }
    }

    fn complete(&mut self) {
        self.members.retain(|_, member| member.joined);
        self.preparing = None;
        self.generation += 1;
        self.rebalances += 1;
        self.members.values_mut().for_each(|member| member.assignment.clear());
        let count = self.members.len() as u32;
        if count == 0 {
            return;
        }
        for (topic, partitions) in &self.topics {
            let (each, more) = (partitions / count, partitions % count);
            let mut next = 0;
            for (number, member) in self.members.values_mut().enumerate() {
                let own = each + u32::from((number as u32) < more);
                let given = (next..next + own).map(|partition| TopicPartition {
                    topic: topic.clone(),
                    partition: PartitionId(partition as i32),
                });
                member.assignment.extend(given);
                next += own;
            }
        }
        for member in self.members.values() {
            self.notices.push(Notice::Assigned(member.client, self.generation));
        }
    }

    /// A notice comes to a client that can be reached.
    pub fn deliver(&mut self, notice: &Notice, now: i64) {
        match notice {
            Notice::Join(client) => {
                let own = &self.clients[*client];
                if !own.gone && !own.holds && !own.joining {
                    self.join(*client, now);
                }
            }
            Notice::Rebalance(client) => {
                let own = &mut self.clients[*client];
                if own.gone || self.preparing.is_none() {
                    return;
                }
                if !own.holds {
                    self.join(*client, now);
                } else if !own.lost && !own.events.contains(&GroupEvent::Revoking) {
                    own.events.push_back(GroupEvent::Revoking);
                }
            }
            Notice::Assigned(client, generation) => {
                let own = &mut self.clients[*client];
                if own.gone || own.holds || *generation != self.generation {
                    return;
                }
                let Some(member) = self.members.get(&own.instance) else { return };
                if own.member != Some(member.id) {
                    return;
                }
                if self.preparing.is_some() {
                    self.join(*client, now);
                    return;
                }
                own.generation = *generation;
                (own.lost, own.holds, own.joining) = (false, true, false);
                own.events.push_back(GroupEvent::Assigned(member.assignment.clone()));
            }
        }
    }

    /// The worker has given its partitions up, and joins again.
    pub fn unassign(&mut self, client: ClientId) {
        let own = &mut self.clients[client];
        (own.holds, own.joining) = (false, false);
        own.events.clear();
        self.notices.push(Notice::Join(client));
    }

    fn lose(&mut self, client: ClientId) {
        let own = &mut self.clients[client];
        (own.member, own.generation, own.lost) = (None, -1, true);
        if !own.events.contains(&GroupEvent::Revoking) && !own.events.contains(&GroupEvent::Lost) {
            own.events.push_back(GroupEvent::Lost);
        }
    }

    /// Heartbeats of the clients that can reach the coordinator, and what follows where they do not come.
    pub fn beat(&mut self, reachable: &dyn Fn(usize) -> bool, now: i64) {
        for client in 0..self.clients.len() {
            let own = &self.clients[client];
            if own.gone || !reachable(own.process) {
                continue;
            }
            let is_late = own.holds && !own.lost && now - own.last_poll > POLL_MAX;
            let (holds, generation, lost) = (own.holds, own.generation, own.lost);
            let instance = own.instance.clone();
            let member = self.members.get_mut(&instance).filter(|member| own.member == Some(member.id));
            match member {
                Some(_) if is_late => {
                    self.members.remove(&instance);
                    self.lose(client);
                    self.start_if_stable(now);
                }
                Some(member) => {
                    member.last_seen = now;
                    if holds && !lost && generation < self.generation {
                        self.lose(client);
                    }
                }
                None if holds && !lost => self.lose(client),
                None if holds => {}
                None => self.join(client, now),
            }
        }
        let expired = |member: &Member| now - member.last_seen > SESSION;
        if self.members.values().any(expired) {
            self.members.retain(|_, member| !expired(member));
            self.start_if_stable(now);
        }
        if self.preparing.is_some_and(|until| now > until) {
            self.complete();
        }
        self.complete_if_joined();
    }

    fn start_if_stable(&mut self, now: i64) {
        if self.preparing.is_none() {
            self.start(now, None);
        }
    }

    /// The names of all members; None: they are being given partitions anew.
    pub fn members_at_rest(&self) -> Option<BTreeSet<String>> {
        self.preparing.is_none().then(|| self.members.keys().cloned().collect())
    }

    /// What a client can show; None: nothing that fences.
    pub fn proof(&self, client: ClientId) -> Option<GroupProof> {
        let own = &self.clients[client];
        let is_member = own.generation >= 1 && own.member.is_some() && !own.lost;
        is_member.then(|| GroupProof {
            generation: own.generation,
            member: own.member,
            instance: own.instance.clone(),
        })
    }

    /// Offsets of a transaction, which count when it is committed.
    pub fn add_offsets(
        &mut self,
        (pid, epoch): (Pid, u32),
        proof: &GroupProof,
        offsets: &[(TopicPartition, Committed)],
    ) -> Result<(), Refused> {
        // As in Kafka, nobody is asked who shows nothing at all.
        if proof.generation >= 0 || proof.member.is_some() {
            let member = self.members.get(&proof.instance).ok_or(Refused::NotMember("unknown"))?;
            if proof.member != Some(member.id) {
                return Err(Refused::NotMember("another one has its instance id"));
            }
            if proof.generation != self.generation {
                return Err(Refused::NotMember("of another generation"));
            }
        }
        let known = self.epochs.entry(pid).or_insert(epoch);
        if epoch < *known {
            return Err(Refused::Fenced);
        }
        *known = epoch;
        let pending = self.pending.entry(pid).or_default();
        for (partition, committed) in offsets {
            self.appended += 1;
            pending.push((self.appended, partition.clone(), committed.clone()));
        }
        Ok(())
    }

    /// The marker of a transaction with offsets.
    pub fn mark(&mut self, pid: Pid, epoch: u32, commit: bool) {
        let known = self.epochs.entry(pid).or_insert(epoch);
        *known = epoch.max(*known);
        let pending = self.pending.remove(&pid).unwrap_or_default();
        for (appended, partition, committed) in pending.into_iter().filter(|_| commit) {
            let before = self.committed.get(&partition);
            if before.is_some_and(|(newer, _)| *newer > appended) {
                continue;
            }
            if let Some((_, before)) = before
                && before.next > committed.next
            {
                self.wrong.push(format!(
                    "{partition}: the committed offset went back from {} to {}",
                    before.next.0, committed.next.0
                ));
            }
            self.committed.insert(partition, (appended, committed));
        }
    }

    /// What is committed, once it is stable.
    pub fn offsets(
        &self,
        partitions: &[TopicPartition],
        stable: bool,
    ) -> Result<Vec<Option<Committed>>, Refused> {
        let is_open = |partition: &TopicPartition| {
            self.pending.values().flatten().any(|(_, pending, _)| pending == partition)
        };
        if stable && partitions.iter().any(is_open) {
            return Err(Refused::Unstable);
        }
        Ok(partitions.iter().map(|partition| self.committed(partition).cloned()).collect())
    }

    pub fn committed(&self, partition: &TopicPartition) -> Option<&Committed> {
        self.committed.get(partition).map(|(_, committed)| committed)
    }
}
