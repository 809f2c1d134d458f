//! A member of the simulated group, as `engine/kafka/src/reader.rs` is one on Kafka.

use super::broker::group::ClientId;
use super::broker::transactions::Refused;
use super::broker::{GroupProof, Kind};
use super::line::{AskError, Line, Request};
use super::planted::Planted;
use std::time::Duration;
use tidegate_engine::log::{Committed, GroupEvent, LogError, OffsetRange, Reader, Record, Slot};
use tidegate_model::{Offset, TopicPartition};

pub struct SimReader {
    line: Line,
    client: ClientId,
    slots: Vec<Assigned>,
    /// The first proof that it had, for the bug that keeps it.
    first_proof: Option<GroupProof>,
}

struct Assigned {
    partition: TopicPartition,
    next: i64,
    /// Behind the last record, where `next` may be behind markers, too.
    read: i64,
    /// The end that came with the last fetch.
    end: Option<i64>,
}

pub fn killed() -> LogError {
    LogError::Fatal("the process was killed".to_owned())
}

pub fn asked(error: AskError, what: &str) -> LogError {
    match error {
        AskError::Killed => killed(),
        AskError::TimedOut => LogError::Retry(format!("{what}: no answer")),
        AskError::Refused(refused) => LogError::Fatal(format!("{what}: {refused:?}")),
    }
}

impl SimReader {
    pub fn join(line: Line, instance: &str) -> SimReader {
        let now = line.world.now();
        let mut cluster = line.world.cluster.borrow_mut();
        let client = cluster.group.add_client(line.process, instance, now);
        cluster.unassign(client, now);
        drop(cluster);
        SimReader { line, client, slots: Vec::new(), first_proof: None }
    }

    /// A client that has lost its place may be told so by whatever it asks for, or go on asking.
    fn may_have_lost_its_place(&self) -> Result<(), LogError> {
        let world = &self.line.world;
        let lost = world.cluster.borrow().group.proof(self.client).is_none();
        match lost && world.between(0, 1) == 0 {
            true => Err(LogError::NotMember("its place in the group is lost".to_owned())),
            false => Ok(()),
        }
    }

    fn plants(&self, planted: Planted) -> bool {
        self.line.world.planted == planted
    }
}

impl Reader for SimReader {
    type Group = GroupProof;

    fn poll_group(&mut self) -> Result<Option<GroupEvent>, LogError> {
        if !self.line.is_alive() {
            return Err(killed());
        }
        let now = self.line.world.now();
        let mut cluster = self.line.world.cluster.borrow_mut();
        let client = &mut cluster.group.clients[self.client];
        client.last_poll = now;
        let event = client.events.pop_front();
        drop(cluster);
        let told = match &event {
            None => return Ok(None),
            Some(GroupEvent::Assigned(_)) => "assigned",
            Some(GroupEvent::Revoking) => "revoking",
            Some(GroupEvent::Lost) => "lost",
        };
        let count = if let Some(GroupEvent::Assigned(all)) = &event { all.len() } else { 0 };
        self.line.world.note(told, &[self.client as i64, count as i64]);
        Ok(event)
    }

    fn assign(&mut self, starts: &[(TopicPartition, Offset)]) -> Result<Vec<Slot>, LogError> {
        let slot = |(partition, next): &(TopicPartition, Offset)| Assigned {
            partition: partition.clone(),
            next: next.0,
            read: next.0,
            end: None,
        };
        self.slots = starts.iter().map(slot).collect();
        Ok((0..starts.len() as u32).map(Slot).collect())
    }

    fn unassign(&mut self) -> Result<(), LogError> {
        self.slots.clear();
        if !self.line.is_alive() {
            return Err(killed());
        }
        let now = self.line.world.now();
        self.line.world.cluster.borrow_mut().unassign(self.client, now);
        Ok(())
    }

    fn fetch(
        &mut self,
        slot: Slot,
        max_records: usize,
        visit: &mut dyn FnMut(Record<'_>),
    ) -> Result<usize, LogError> {
        let world = &self.line.world;
        // Nothing has come yet, or a part of it.
        if !self.line.is_open() || world.between(0, 3) == 0 {
            return Ok(0);
        }
        let most = max_records.min(world.between(1, 40) as usize);
        let uncommitted = self.plants(Planted::ReadUncommitted);
        let assigned = &mut self.slots[slot.0 as usize];
        let cluster = world.cluster.borrow();
        let partition = cluster.partition(&assigned.partition);
        if assigned.next < partition.start() {
            let range = OffsetRange { start: Offset(partition.start()), end: Offset(partition.end()) };
            let (partition, wanted) = (assigned.partition.clone(), Offset(assigned.next));
            return Err(LogError::OutOfRange { partition, wanted, range });
        }
        let mut count = 0;
        let read = &mut assigned.read;
        let mut take = |offset: i64, record: &super::broker::log::Stored| {
            visit(Record {
                offset: Offset(offset),
                timestamp: record.timestamp,
                key: record.key.as_deref(),
                value: record.value.as_deref(),
            });
            *read = offset + 1;
            count += 1;
        };
        assigned.next = if uncommitted {
            partition.read_uncommitted(assigned.next, most, &mut take)
        } else {
            partition.read(assigned.next, most, &mut take)
        };
        assigned.end = Some(partition.stable_end());
        Ok(count)
    }

    fn wait(&mut self, _timeout: Duration) {}

    fn seek(&mut self, slot: Slot, next: Offset) -> Result<(), LogError> {
        if !self.line.is_alive() {
            return Err(killed());
        }
        self.may_have_lost_its_place()?;
        if !self.plants(Planted::ForgetSeek) {
            let assigned = &mut self.slots[slot.0 as usize];
            (assigned.next, assigned.read) = (next.0, next.0);
        }
        Ok(())
    }

    fn known_end(&self, slot: Slot) -> Option<Offset> {
        let assigned = &self.slots[slot.0 as usize];
        let end = assigned.end?;
        Some(Offset(if assigned.next >= end { assigned.read } else { end }))
    }

    fn confirm_end(&mut self, slot: Slot, timeout: Duration) -> Result<bool, LogError> {
        let partition = self.slots[slot.0 as usize].partition.clone();
        let next = self.slots[slot.0 as usize].next;
        let answer = self.line.ask(Request::Range, timeout, |cluster, _| {
            let partition = cluster.partition(&partition);
            let mut is_last = true;
            let behind = partition.read(next, usize::MAX, &mut |_, _| is_last = false);
            Ok(is_last.then_some((behind, partition.end())))
        });
        let Some((behind, end)) = answer.map_err(|error| asked(error, "the end"))? else { return Ok(false) };
        let assigned = &mut self.slots[slot.0 as usize];
        assigned.next = assigned.next.max(behind);
        Ok(assigned.next >= end)
    }

    fn ended(&self, _slot: Slot, _next: Offset) -> bool {
        false
    }

    fn committed(
        &mut self,
        partitions: &[TopicPartition],
        timeout: Duration,
    ) -> Result<Vec<Option<Committed>>, LogError> {
        self.may_have_lost_its_place()?;
        let stable = !self.plants(Planted::UnstableOffsets);
        let answer = self
            .line
            .ask(Request::FetchOffsets, timeout, |cluster, _| cluster.group.offsets(partitions, stable));
        answer.map_err(|error| asked(error, "the committed offsets"))
    }

    fn offset_range(
        &mut self,
        partition: &TopicPartition,
        timeout: Duration,
    ) -> Result<OffsetRange, LogError> {
        let to_stable = self.plants(Planted::RestoreToStable);
        let answer = self.line.ask(Request::Range, timeout, |cluster, _| {
            let is_changelog = cluster.topics[&partition.topic].kind == Kind::Changelog;
            let of = cluster.partition(partition);
            let end = if to_stable && is_changelog { of.stable_end() } else { of.end() };
            Ok::<_, Refused>(OffsetRange { start: Offset(of.start()), end: Offset(end) })
        });
        answer.map_err(|error| asked(error, &format!("the range of {partition}")))
    }

    fn group(&mut self) -> Result<GroupProof, LogError> {
        if !self.line.is_alive() {
            return Err(killed());
        }
        let proof = self.line.world.cluster.borrow().group.proof(self.client);
        match self.line.world.planted {
            Planted::OldGroupProof => {
                self.first_proof = self.first_proof.take().or(proof);
                return self.first_proof.clone().ok_or(LogError::NotMember("not joined".to_owned()));
            }
            Planted::NoGroupProof => {
                return Ok(GroupProof { generation: -1, member: None, instance: String::new() });
            }
            _ => {}
        }
        proof.ok_or(LogError::NotMember("no generation that fences".to_owned()))
    }

    /// A static member does not say that it goes: its place is kept until its session has run out.
    fn close(&mut self, _timeout: Duration) {
        self.line.world.cluster.borrow_mut().group.clients[self.client].gone = true;
    }
}
