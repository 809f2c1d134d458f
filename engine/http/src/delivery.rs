//! The rows of one outbox, as far as they are this process's: read, sent, and the position committed behind what is done.

use crate::backoff::{self, Chance};
use crate::client::Client;
use crate::couriers::Couriers;
use crate::secrets::{Headers, SecretError};
use crate::verdict::{Answer, Verdict, verdict};
use crate::window::{Cause, Place, Row, Window};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use thiserror::Error;
use tidegate_engine::Place as LogPlace;
use tidegate_engine::clock::{Clock, WallTime};
use tidegate_engine::log::{
    CommitOutcome, Committed, GroupEvent, LogError, Outgoing, Reader, TopicHandle, Writer,
};
use tidegate_engine::outbox;
use tidegate_engine::retry::retry;
use tidegate_engine::set_aside::SetAside;
use tidegate_model::plan::{HttpSink, Node, NodeKind, Plan};
use tidegate_model::{Offset, PartitionId, TopicPartition};

/// Requests at a time.
const COURIERS: usize = 8;
const FETCH_ROWS: usize = 256;
/// The longest that something done waits for its commit.
const COMMIT_EVERY: Duration = Duration::from_millis(100);
/// The longest wait for an answer or a row before the group is served again.
const WAIT: Duration = Duration::from_millis(50);
const BROKER_WAIT: Duration = Duration::from_secs(30);
const TELL_EVERY: Duration = Duration::from_secs(10);

/// What a delivery has done and has before it.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Deliveries {
    pub sent: u64,
    /// Attempts that have to be made again.
    pub retried: u64,
    pub failed: u64,
    /// Rows in the outbox that are not done, as far as is known.
    pub waiting: u64,
}

#[derive(Error, Debug)]
pub enum DeliveryError {
    /// A row that cannot be delivered and has no route: the topology stops before it, and nothing is lost.
    #[error(
        "{place}: {code}: {message}\n  in `{sink}` (line {line}); add `failed -> kafka(\"…\")` there to set such rows aside, or mend what receives them"
    )]
    Undeliverable { place: LogPlace, sink: String, line: u32, code: String, message: String },
    #[error("`{sink}` (line {line}): {cause}")]
    Secret { sink: String, line: u32, cause: SecretError },
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("`{sink}`: {cause}")]
    Threads { sink: String, cause: std::io::Error },
}

pub struct Delivery<R: Reader, W: Writer<Group = R::Group>, C: Clock> {
    reader: R,
    writer: W,
    clock: C,
    couriers: Couriers,
    window: Window,
    chance: Chance,
    sink: HttpSink,
    topology: String,
    name: String,
    line: u32,
    failed: Option<TopicHandle>,
    /// The address asked not to be asked before.
    rests_until: WallTime,
    last_commit: WallTime,
    last_told: WallTime,
    /// The last attempt that was for nothing, since it was last told.
    trouble: Option<String>,
    counts: Deliveries,
    told: Deliveries,
}

/// The `http` sinks of a plan, each with its outbox. The outbox's consumer group has the same name.
pub fn http_sinks(plan: &Plan) -> impl Iterator<Item = (&Node, &HttpSink, String)> {
    plan.nodes.iter().filter_map(|node| match &node.kind {
        NodeKind::HttpSink(sink) => Some((node, sink, node.outbox_topic(&plan.topology)?)),
        _ => None,
    })
}

/// Are all secrets there that the sinks of a plan need?
pub fn check_secrets(plan: &Plan, environment: &dyn Fn(&str) -> Option<String>) -> Result<(), DeliveryError> {
    http_sinks(plan).try_for_each(|(node, sink, _)| headers_of(node, sink, environment).map(drop))
}

fn headers_of(
    node: &Node,
    sink: &HttpSink,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Headers, DeliveryError> {
    let told = |cause| DeliveryError::Secret { sink: node.name.clone(), line: node.line, cause };
    Headers::new(&sink.headers, environment).map_err(told)
}

fn sink_of(node: &Node) -> &HttpSink {
    let NodeKind::HttpSink(sink) = &node.kind else { panic!("{} is no http sink", node.name) };
    sink
}

impl<R: Reader, W: Writer<Group = R::Group>, C: Clock> Delivery<R, W, C> {
    /// `reader` is a member of the outbox's own group, and `writer` of nobody else's.
    pub fn new(
        (topology, node): (&str, &Node),
        reader: R,
        writer: W,
        clock: C,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, DeliveryError> {
        let sink = sink_of(node);
        let client = Client::new(sink, headers_of(node, sink, environment)?, COURIERS);
        Delivery::with((topology, node), reader, writer, clock, move |row| client.send(row))
    }

    /// `send`: how a row is sent, and what was answered.
    fn with(
        (topology, node): (&str, &Node),
        reader: R,
        mut writer: W,
        clock: C,
        send: impl Fn(&Row) -> Answer + Clone + Send + 'static,
    ) -> Result<Self, DeliveryError> {
        let sink = sink_of(node);
        let (name, line) = (node.name.clone(), node.line);
        let couriers = Couriers::start(send, COURIERS)
            .map_err(|cause| DeliveryError::Threads { sink: name.clone(), cause })?;
        let failed = match &sink.failed {
            Some(route) => Some(writer.topic(&route.topic, false)?),
            None => None,
        };
        let now = clock.now();
        let seed = clock.unix_seconds() as u64 ^ (u64::from(std::process::id()) << 32) ^ now.micros() as u64;
        Ok(Delivery {
            reader,
            writer,
            clock,
            couriers,
            window: Window::default(),
            chance: Chance::new(seed),
            sink: sink.clone(),
            topology: topology.to_owned(),
            name,
            line,
            failed,
            rests_until: now,
            last_commit: now,
            last_told: now,
            trouble: None,
            counts: Deliveries::default(),
            told: Deliveries::default(),
        })
    }

    /// Delivers until `stop` is set, or (`no_more` is set) until the outbox is empty. Then commits and leaves.
    pub fn run(mut self, stop: &AtomicBool, no_more: &AtomicBool) -> Result<Deliveries, DeliveryError> {
        let mut result = Ok(());
        while !stop.load(Ordering::Relaxed) {
            // Asked before the outbox is looked at: what was written before is seen.
            let is_last = no_more.load(Ordering::SeqCst);
            match self.turn() {
                Ok(()) => {}
                Err(error) => {
                    result = Err(error);
                    break;
                }
            }
            if is_last && self.is_empty() {
                break;
            }
        }
        // What is on its way has its answer before somebody else sends on.
        self.await_answers();
        if matches!(result, Ok(()) | Err(DeliveryError::Undeliverable { .. })) {
            let committed = self.commit();
            result = result.and(committed);
        }
        self.tell(true);
        self.reader.close(Duration::from_secs(5));
        result.map(|()| self.counts)
    }

    fn is_empty(&self) -> bool {
        let at_end = |lane: usize| {
            let (slot, read) = self.window.slot(lane);
            self.reader.known_end(slot).is_some_and(|end| read >= end)
        };
        self.window.lanes() > 0 && self.window.rows() == 0 && (0..self.window.lanes()).all(at_end)
    }

    fn turn(&mut self) -> Result<(), DeliveryError> {
        while let Some(event) = self.reader.poll_group()? {
            self.serve(event)?;
        }
        self.fetch()?;
        let now = self.clock.now();
        while now >= self.rests_until && !self.couriers.are_all_busy() {
            let Some((place, row)) = self.window.next(now) else { break };
            self.couriers.send(place, row);
        }
        self.rest(now);
        if self.is_held_up(now) || self.clock.now().since(self.last_commit) >= COMMIT_EVERY {
            self.commit()?;
        }
        self.tell(false);
        self.stop_at_failed()
    }

    /// Can nothing be sent before something is committed?
    fn is_held_up(&self, now: WallTime) -> bool {
        let can_send = || now >= self.rests_until && self.window.next_at().is_some_and(|at| at <= now);
        self.couriers.on_the_way() == 0 && self.window.waits_for_commit(self.failed.is_some()) && !can_send()
    }

    /// Takes answers in, or waits for rows.
    fn rest(&mut self, now: WallTime) {
        if self.couriers.on_the_way() == 0 {
            let until = self.window.next_at().map_or(WAIT, |at| at.max(self.rests_until).since(now));
            if until == Duration::ZERO {
                return;
            }
            if self.window.is_full() {
                // Rows that are not read would end the reader's wait at once.
                let none = self.couriers.answer(until.min(WAIT));
                assert!(none.is_none(), "nothing is on its way");
            } else {
                self.reader.wait(until.min(WAIT));
            }
            return;
        }
        if let Some((place, answer)) = self.couriers.answer(Duration::from_millis(20)) {
            self.take(place, answer);
        }
        while let Some((place, answer)) = self.couriers.answer(Duration::ZERO) {
            self.take(place, answer);
        }
    }

    fn take(&mut self, place: Place, answer: Answer) {
        match verdict(answer, self.clock.unix_seconds()) {
            Verdict::Taken => {
                self.counts.sent += 1;
                self.window.delivered(place);
            }
            Verdict::Refused { code, why } => {
                self.counts.failed += 1;
                self.window.failed(place, Cause { code, message: why });
            }
            Verdict::Again { why, wait } => {
                let now = self.clock.now();
                let (attempts, first_at) = self.window.attempts(place);
                if backoff::is_used_up(&self.sink.retry, attempts, now.since(first_at)) {
                    self.counts.failed += 1;
                    let message = format!("not taken in {attempts} attempts; the last one: {why}");
                    self.window.failed(place, Cause { code: "not_delivered".to_owned(), message });
                    return;
                }
                self.counts.retried += 1;
                let pause = backoff::pause(&self.sink.retry, attempts, self.chance.draw());
                self.window.again(place, later(now, pause.max(wait.unwrap_or_default())));
                if let Some(wait) = wait {
                    self.rests_until = self.rests_until.max(later(now, wait));
                }
                self.trouble =
                    Some(format!("{}@{}: {why}", self.window.partition(place.slot), place.offset.0));
            }
        }
    }

    fn await_answers(&mut self) {
        while self.couriers.on_the_way() > 0 {
            // A request ends by its own time-out.
            if let Some((place, answer)) = self.couriers.answer(WAIT) {
                self.take(place, answer);
            }
        }
    }

    fn serve(&mut self, event: GroupEvent) -> Result<(), DeliveryError> {
        match event {
            GroupEvent::Assigned(partitions) => self.take_over(partitions),
            GroupEvent::Revoking => {
                // Who comes next sends behind what was sent here.
                self.await_answers();
                self.commit()?;
                self.window = Window::default();
                Ok(self.reader.unassign()?)
            }
            GroupEvent::Lost => {
                tracing::warn!("{}: the partitions of its outbox were taken away", self.name);
                self.await_answers();
                self.window = Window::default();
                Ok(self.reader.unassign()?)
            }
        }
    }

    fn take_over(&mut self, partitions: Vec<TopicPartition>) -> Result<(), DeliveryError> {
        let starts = self.starts(&partitions)?;
        let places: Vec<(TopicPartition, Offset)> = partitions.into_iter().zip(starts).collect();
        let slots = self.reader.assign(&places)?;
        let lanes = places.into_iter().zip(slots).map(|((partition, next), slot)| (partition, slot, next));
        self.window = Window::begin(lanes.collect());
        Ok(())
    }

    fn starts(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Offset>, DeliveryError> {
        let committed =
            retry(&mut self.reader, "the broker", |reader| reader.committed(partitions, BROKER_WAIT))?;
        let mut starts = Vec::new();
        for (partition, committed) in partitions.iter().zip(committed) {
            let range =
                retry(&mut self.reader, "the broker", |reader| reader.offset_range(partition, BROKER_WAIT))?;
            // What is before the first record that is there was delivered: nothing else deletes from an outbox.
            starts.push(committed.map_or(range.start, |committed| committed.next.max(range.start)));
        }
        Ok(starts)
    }

    fn fetch(&mut self) -> Result<(), DeliveryError> {
        for lane in 0..self.window.lanes() {
            let room = self.window.room(lane);
            if room == 0 {
                continue;
            }
            let (slot, _) = self.window.slot(lane);
            let (window, mut broken) = (&mut self.window, None);
            let partition = window.partition(lane).clone();
            self.reader.fetch(slot, room.min(FETCH_ROWS), &mut |record| {
                let Some((idempotency_key, json)) = record.value.and_then(outbox::read) else {
                    broken.get_or_insert(record.offset);
                    return;
                };
                let own = || outbox::idempotency_key(&partition, record.offset);
                window.push(
                    lane,
                    Row {
                        offset: record.offset,
                        timestamp: record.timestamp,
                        key: record.key.map(<[u8]>::to_vec),
                        json: json.to_vec(),
                        idempotency_key: idempotency_key.map_or_else(own, str::to_owned),
                    },
                );
            })?;
            if let Some(offset) = broken {
                return Err(LogError::Fatal(format!(
                    "{partition}@{}: it was not written by this topology; delete it from its outbox, or give the sink's stream another name",
                    offset.0
                ))
                .into());
            }
        }
        Ok(())
    }

    /// Without a route the first row that failed ends the run.
    fn stop_at_failed(&mut self) -> Result<(), DeliveryError> {
        if self.failed.is_some() {
            return Ok(());
        }
        let Some((place, cause)) = self.window.first_failed() else { return Ok(()) };
        let partition = self.window.partition(place.slot);
        Err(DeliveryError::Undeliverable {
            place: LogPlace {
                topic: partition.topic.as_str().into(),
                partition: partition.partition,
                offset: place.offset,
            },
            sink: self.name.clone(),
            line: self.line,
            code: cause.code.clone(),
            message: cause.message.clone(),
        })
    }

    /// Commits the position behind what is done, and with it what failed.
    fn commit(&mut self) -> Result<(), DeliveryError> {
        self.last_commit = self.clock.now();
        let settled = self.window.settled(self.failed.is_some());
        if settled.is_empty() {
            return Ok(());
        }
        // Asked before a transaction is begun, which would have to be given up.
        let group = match self.reader.group() {
            Ok(group) => group,
            // The group will say what is next.
            Err(LogError::NotMember(_) | LogError::Retry(_)) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let mut offsets = Vec::new();
        for settled in settled {
            for (row, cause) in settled.failed {
                let topic = self.failed.expect("without a route nothing that failed is settled");
                let aside = SetAside {
                    topology: Some(self.topology.clone()),
                    route: "failed".to_owned(),
                    place: LogPlace {
                        topic: settled.partition.topic.as_str().into(),
                        partition: settled.partition.partition,
                        offset: row.offset,
                    },
                    step: self.name.clone(),
                    code: cause.code.clone(),
                    message: cause.message.clone(),
                    timestamp: Some(row.timestamp),
                    idempotency_key: Some(row.idempotency_key.clone()),
                };
                let headers = aside.headers();
                let headers: Vec<(&str, &[u8])> =
                    headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
                let partitions = self.writer.partitions(topic) as i32;
                self.writer.send(Outgoing {
                    topic,
                    partition: PartitionId(settled.partition.partition.0.rem_euclid(partitions)),
                    timestamp: row.timestamp,
                    key: row.key.as_deref(),
                    value: Some(&row.json),
                    headers: &headers,
                })?;
            }
            let committed = Committed { next: settled.next, metadata: String::new() };
            offsets.push((settled.partition.clone(), committed));
        }
        match self.writer.commit(&group, &offsets) {
            CommitOutcome::Committed(_) => {
                self.window.committed(self.failed.is_some());
                Ok(())
            }
            CommitOutcome::Aborted { why } => {
                tracing::warn!(
                    "{}: the position could not be committed ({why}); it is tried again",
                    self.name
                );
                Ok(())
            }
            CommitOutcome::Rejected { why } => Err(LogError::Rejected(why).into()),
            CommitOutcome::Unknown { why } => {
                tracing::warn!("{}: nobody knows whether the position was committed ({why})", self.name);
                retry(&mut self.reader, "the transaction coordinator", |_| self.writer.reset(BROKER_WAIT))?;
                self.begin_again()
            }
        }
    }

    /// From the committed positions on: some rows are sent again.
    fn begin_again(&mut self) -> Result<(), DeliveryError> {
        self.await_answers();
        if self.reader.group().is_err() {
            // The group will say what is next; until then nothing is sent.
            self.window = Window::default();
            return Ok(());
        }
        let lanes: Vec<(TopicPartition, tidegate_engine::log::Slot)> = (0..self.window.lanes())
            .map(|lane| (self.window.partition(lane).clone(), self.window.slot(lane).0))
            .collect();
        let partitions: Vec<TopicPartition> = lanes.iter().map(|(partition, _)| partition.clone()).collect();
        let starts = self.starts(&partitions)?;
        let mut begun = Vec::new();
        for ((partition, slot), next) in lanes.into_iter().zip(starts) {
            retry(&mut self.reader, "the broker", |reader| reader.seek(slot, next))?;
            begun.push((partition, slot, next));
        }
        self.window = Window::begin(begun);
        Ok(())
    }

    fn tell(&mut self, is_last: bool) {
        let now = self.clock.now();
        if !is_last && now.since(self.last_told) < TELL_EVERY {
            return;
        }
        self.last_told = now;
        let behind = (0..self.window.lanes()).map(|lane| {
            let (slot, read) = self.window.slot(lane);
            self.reader.known_end(slot).map_or(0, |end| (end.0 - read.0).max(0) as u64)
        });
        self.counts.waiting = self.window.rows() as u64 + behind.sum::<u64>();
        if let Some(trouble) = self.trouble.take().filter(|_| !is_last) {
            tracing::warn!("{}: {trouble}; it is tried again", self.name);
        }
        let Deliveries { sent, retried, failed, waiting } = self.counts;
        if self.counts != self.told {
            tracing::info!(
                "{}: {sent} sent, {retried} retried, {failed} failed, {waiting} waiting",
                self.name
            );
        }
        self.told = self.counts;
    }
}

fn later(now: WallTime, pause: Duration) -> WallTime {
    WallTime::from_micros(now.micros().saturating_add(pause.as_micros() as i64))
}

#[cfg(test)]
mod tests;
