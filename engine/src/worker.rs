//! One thread's share of a topology: a member of the consumer group, a transactional producer, and the tasks of its partitions.
//!
//! [`Worker::tick`] does everything: production is a loop around it, and so are `test` blocks and simulations.
//!
//! The commit, in order: every task sends what it held back and its changelog records; the log commits them with the inputs' next
//! offsets, all or nothing; then, and only then, each task writes its store. A store may be behind its changelog, never ahead.

use crate::clock::{Clock, WallTime};
use crate::failpoint::Failpoint;
use crate::globals::Globals;
use crate::log::{CommitOutcome, Committed, GroupEvent, LogError, Reader, Restorer, Slot, Writer};
use crate::operator::{Counters, TaskError};
use crate::program::Program;
use crate::restore::{Replay, Restoring};
use crate::task::{Start, Task};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tidegate_model::{EventTime, Offset, TaskId, TopicPartition};
use tidegate_state::{Shared, StateDir, StateError, Store};

/// How long a store that another worker of this process is about to give up is waited for.
const STORE_WAIT: Duration = Duration::from_secs(60);
/// How often a silent input is asked whether it is at its end, at most. While it is silent, the watermark follows the wall clock in such
/// steps.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// For each partition of this worker.
const ASK_EACH: Duration = Duration::from_millis(20);
const GROUP_POLL: Duration = Duration::from_millis(50);

/// What a tick did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tick {
    Worked,
    /// Nothing to do until something comes, or until this long has passed.
    Idle(Duration),
    Restoring,
}

/// Where a partition goes on.
struct Begin {
    next: Offset,
    /// What was committed with the offset; None: nothing was, and it begins at the first record there is.
    note: Option<String>,
}

/// A partition of this worker's, and where the reader was told to begin.
struct Assigned {
    partition: TopicPartition,
    slot: Slot,
    next: Offset,
}

/// What is known about a worker from outside.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Status {
    pub tasks: usize,
    pub restoring: usize,
    /// Changelog records that are still to be replayed.
    pub restore_remaining: i64,
    /// What the stores take on the disk, and in memory before they are written there.
    pub state_bytes: u64,
    pub commits: u64,
    pub aborts: u64,
    pub counters: Counters,
}

pub struct Worker<R: Reader, W: Writer<Group = R::Group>, S: Restorer, C: Clock> {
    reader: R,
    writer: W,
    restorer: S,
    clock: C,
    program: Program,
    globals: Globals,
    state: Arc<StateDir>,
    shared: Shared,
    /// What the group gave, with the slots to read from.
    assignment: Vec<Assigned>,
    tasks: Vec<Task>,
    restoring: Vec<Restoring>,
    /// Tasks whose store is still held by another worker of this process.
    waiting: Vec<(TaskId, WallTime)>,
    /// Stores that stay open while the group is being rebalanced.
    parked: BTreeMap<TaskId, Store>,
    last_commit: WallTime,
    last_write: WallTime,
    /// The task whose store was written last.
    write_turn: usize,
    last_sync: WallTime,
    sync_turn: usize,
    last_group_poll: WallTime,
    retry_at: Option<WallTime>,
    status: Status,
    finished: Counters,
    /// A bug that the simulation must find (see [`Worker::plant`]).
    stores_first: bool,
}

impl<R: Reader, W: Writer<Group = R::Group>, S: Restorer, C: Clock> Worker<R, W, S, C> {
    pub fn new(
        reader: R,
        writer: W,
        restorer: S,
        clock: C,
        program: Program,
        state: Arc<StateDir>,
        shared: Shared,
    ) -> Self {
        let now = clock.now();
        Worker {
            reader,
            writer,
            restorer,
            clock,
            program,
            globals: Globals::default(),
            state,
            shared,
            assignment: Vec::new(),
            tasks: Vec::new(),
            restoring: Vec::new(),
            waiting: Vec::new(),
            parked: BTreeMap::new(),
            last_commit: now,
            last_write: now,
            write_turn: 0,
            last_sync: now,
            sync_turn: 0,
            last_group_poll: WallTime::from_micros(i64::MIN),
            retry_at: None,
            status: Status::default(),
            finished: Counters::default(),
            stores_first: false,
        }
    }

    /// Makes the worker write its stores before the log has committed, which is wrong: a test of the simulation asks whether that is found.
    #[doc(hidden)]
    pub fn plant(&mut self, stores_first: bool) {
        self.stores_first = stores_first;
    }

    /// Serves the group, restores, works on one run of each task, and commits when it is time.
    pub fn tick(&mut self) -> Result<Tick, TaskError> {
        let now = self.clock.now();
        if now.since(self.last_group_poll) >= GROUP_POLL || self.tasks.is_empty() {
            self.last_group_poll = now;
            while let Some(event) = self.reader.poll_group()? {
                self.serve(event)?;
            }
        }
        if self.retry_at.is_some_and(|at| now < at) {
            return Ok(Tick::Idle(Duration::from_millis(100)));
        }
        self.retry_at = None;
        self.keep_stores(now)?;
        if !self.waiting.is_empty() {
            let waiting = std::mem::take(&mut self.waiting);
            for (task, since) in waiting {
                self.open_store(task, since)?;
            }
        }
        if !self.restoring.is_empty() {
            self.restore()?;
            return Ok(Tick::Restoring);
        }
        let reading = self.globals.read(
            &mut self.reader,
            self.program.limits.batch_records,
            self.clock.unix_seconds(),
            now,
        )?;
        let mut worked = reading.records;
        if reading.complete {
            for task in &mut self.tasks {
                match task.step(&mut self.reader, &self.globals, &mut self.writer, now) {
                    Ok(count) => worked += count,
                    // Another one has this one's place, and has deleted what it read; or records are lost, which is told where it begins again.
                    Err(TaskError::Log(error @ LogError::OutOfRange { .. })) => {
                        tracing::warn!("{error}; it goes on where the group has come to");
                        self.give_up()?;
                        self.begin_again()?;
                        return Ok(Tick::Worked);
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        let now = self.clock.now();
        if self.commit_is_due(worked == 0, now) {
            self.commit()?;
            return Ok(Tick::Worked);
        }
        if worked > 0 {
            return Ok(Tick::Worked);
        }
        Ok(Tick::Idle(self.rest_time(now)))
    }

    /// Waits until something may be there.
    pub fn wait(&mut self, at_most: Duration) {
        self.reader.wait(at_most);
    }

    fn rest_time(&self, now: WallTime) -> Duration {
        if !self.tasks.iter().any(|task| task.is_dirty(now)) {
            return Duration::from_millis(50);
        }
        self.program
            .limits
            .commit_interval_idle
            .saturating_sub(now.since(self.last_commit))
            .max(Duration::from_millis(1))
    }

    fn commit_is_due(&self, drained: bool, now: WallTime) -> bool {
        let limits = &self.program.limits;
        let waited = now.since(self.last_commit);
        let bytes: usize = self.tasks.iter().map(Task::uncommitted_bytes).sum();
        let due = waited >= limits.commit_interval
            || bytes >= limits.uncommitted_bytes
            || (drained && waited >= limits.commit_interval_idle);
        due && self.tasks.iter().any(|task| task.is_dirty(now))
    }

    fn serve(&mut self, event: GroupEvent) -> Result<(), TaskError> {
        match event {
            GroupEvent::Assigned(partitions) => self.take_over(partitions),
            GroupEvent::Revoking => {
                Failpoint::GroupRevoking.pass();
                let now = self.clock.now();
                if self.restoring.is_empty() && self.tasks.iter().any(|task| task.is_dirty(now)) {
                    self.commit()?;
                }
                Failpoint::GroupCommitted.pass();
                self.park();
                self.globals = Globals::default();
                self.assignment.clear();
                self.reader.unassign()?;
                Failpoint::GroupRevoked.pass();
                Ok(())
            }
            GroupEvent::Lost => {
                Failpoint::GroupLost.pass();
                tracing::warn!(
                    "the consumer group took this worker's partitions away; uncommitted work is dropped"
                );
                self.give_up()?;
                self.park();
                self.globals = Globals::default();
                self.assignment.clear();
                Ok(self.reader.unassign()?)
            }
        }
    }

    /// Drops the operators and keeps the stores open: what was not committed is gone.
    fn park(&mut self) {
        for task in std::mem::take(&mut self.tasks) {
            self.finished.add(task.counters());
            self.parked.insert(task.id, task.into_store());
        }
        for restoring in std::mem::take(&mut self.restoring) {
            for partition in restoring.partitions() {
                self.restorer.stop(&partition);
            }
            self.parked.insert(restoring.task, restoring.into_store());
        }
        self.waiting.clear();
    }

    fn give_up(&mut self) -> Result<(), TaskError> {
        if let CommitOutcome::Unknown { why } = self.writer.abort() {
            tracing::warn!("the transaction could not be aborted ({why}); the producer is made anew");
            self.reset_writer()?;
        }
        self.status.aborts += 1;
        Ok(())
    }

    fn reset_writer(&mut self) -> Result<(), TaskError> {
        loop {
            match self.writer.reset(self.program.limits.broker_wait) {
                Ok(()) => return Ok(()),
                Err(LogError::Retry(why)) => tracing::warn!("waiting for the transaction coordinator: {why}"),
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn take_over(&mut self, partitions: Vec<TopicPartition>) -> Result<(), TaskError> {
        let tasks = self.program.tasks_for(&partitions)?;
        let starts = self.starts(&partitions)?;
        let mut offsets: Vec<_> =
            partitions.iter().cloned().zip(starts.iter().map(|start| start.next)).collect();
        self.globals = Globals::default();
        if !tasks.is_empty() {
            let wait = self.program.limits.broker_wait;
            let mut ranges = Vec::new();
            for (partition, _) in Globals::partitions(&self.program) {
                ranges.push(retry(|| self.reader.offset_range(&partition, wait))?);
            }
            let place = (&*self.state, &self.shared);
            let unix_seconds = self.clock.unix_seconds();
            self.globals = Globals::open(&self.program, &ranges, place, unix_seconds, self.clock.now())?;
        }
        offsets.extend(self.globals.starts());
        let mut slots = self.reader.assign(&offsets)?;
        self.globals.read_from(slots.split_off(partitions.len()).into_iter());
        let assigned =
            |((partition, begin), slot): ((_, &Begin), _)| Assigned { partition, slot, next: begin.next };
        self.assignment = partitions.into_iter().zip(&starts).zip(slots).map(assigned).collect();
        Failpoint::GroupAssigned.pass();
        self.parked.retain(|task, _| tasks.contains(task));
        let now = self.clock.now();
        for task in tasks {
            self.open_store(task, now)?;
        }
        Ok(())
    }

    /// Where each partition goes on.
    fn starts(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Begin>, TaskError> {
        let wait = self.program.limits.broker_wait;
        let mut before = None;
        loop {
            let committed = retry(|| self.reader.committed(partitions, wait))?;
            let (mut starts, mut lost) = (Vec::new(), None);
            for (partition, committed) in partitions.iter().zip(&committed) {
                let range = retry(|| self.reader.offset_range(partition, wait))?;
                match committed {
                    None => starts.push(Begin { next: range.start, note: None }),
                    Some(Committed { next, .. }) if *next < range.start || *next > range.end => {
                        lost =
                            Some(LogError::OutOfRange { partition: partition.clone(), wanted: *next, range });
                    }
                    Some(Committed { next, metadata }) => {
                        starts.push(Begin { next: *next, note: Some(metadata.clone()) });
                    }
                }
            }
            let Some(lost) = lost else { return Ok(starts) };
            // Between the two questions another one may have committed, and deleted what it had read.
            if before.is_some_and(|before| before == committed) {
                return Err(lost.into());
            }
            before = Some(committed);
        }
    }

    /// Opens a task's store and finds out what of its changelogs is missing there.
    fn open_store(&mut self, task: TaskId, since: WallTime) -> Result<(), TaskError> {
        let stores = self.program.stores_of(task.subtopology);
        let mut store = match self.parked.remove(&task) {
            Some(store) => store,
            None => {
                let tables: Vec<String> = stores.iter().map(|(table, _)| table.clone()).collect();
                let path = self.state.task_path(task);
                match Store::open(&path, &self.shared, &tables) {
                    Ok(store) => store,
                    // Another worker of this process has not given it up yet.
                    Err(StateError::Store { cause, .. })
                        if cause.contains("lock") && self.clock.now().since(since) < STORE_WAIT =>
                    {
                        self.waiting.push((task, since));
                        return Ok(());
                    }
                    // The changelogs have all of it.
                    Err(StateError::Damaged { path: place, cause }) => {
                        tracing::warn!(
                            "the state in {place} is damaged ({cause}): it is deleted, and restored from the changelogs"
                        );
                        self.shared.remove(&path)?;
                        Store::open(&path, &self.shared, &tables)?
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        };
        let wait = self.program.limits.broker_wait;
        let mut restoring = Vec::new();
        for (table, topic) in stores {
            let table = store.table(&table).expect("opened with all tables");
            let partition = TopicPartition { topic, partition: task.partition };
            let range = retry(|| self.reader.offset_range(&partition, wait))?;
            let age = Duration::from_secs((self.clock.unix_seconds() - store.committed_at()).max(0) as u64);
            let from = match Replay::of(store.position(table), range, age, self.program.limits.store_age) {
                Replay::From(from) => from,
                Replay::Anew(why) => {
                    tracing::warn!("{partition}: {why}; the store is rebuilt from the whole changelog");
                    store.clear(table)?;
                    range.start
                }
            };
            if from < range.end {
                self.restorer.start(&partition, from, range.end)?;
                restoring.push((partition, table, from, range.end));
            }
        }
        Failpoint::RestoreBegun.pass();
        self.restoring.push(Restoring::new(task, store, restoring));
        Ok(())
    }

    fn restore(&mut self) -> Result<(), TaskError> {
        crate::restore::replay(&mut self.restorer, &mut self.restoring)?;
        self.status.restore_remaining = self.restoring.iter().map(Restoring::remaining).sum();
        if !self.waiting.is_empty() || self.restoring.iter().any(|restoring| !restoring.is_done()) {
            return Ok(());
        }
        Failpoint::RestoreDone.pass();
        let unix_seconds = self.clock.unix_seconds();
        for restoring in std::mem::take(&mut self.restoring) {
            let task = restoring.task;
            let mut store = restoring.into_store();
            store.set_committed_at(unix_seconds);
            self.open_task(task, store)?;
        }
        Ok(())
    }

    fn open_task(&mut self, id: TaskId, mut store: Store) -> Result<(), TaskError> {
        let partitions: Vec<TopicPartition> =
            self.program.inputs_of(id).into_iter().map(|(partition, _)| partition).collect();
        let begins = self.starts(&partitions)?;
        store.flush()?;
        self.check_begins(id, &store, &partitions, &begins)?;
        let mut starts = Vec::new();
        for (partition, Begin { next, note }) in partitions.iter().zip(begins) {
            let assigned = self.assignment.iter_mut().find(|assigned| assigned.partition == *partition);
            let assigned = assigned.expect("a task is made of assigned partitions");
            let slot = assigned.slot;
            if assigned.next != next {
                // The group has put another one in this one's place, which has committed meanwhile; this one will be told.
                retry(|| self.reader.seek(slot, next))?;
                assigned.next = next;
            }
            let range = retry(|| self.reader.offset_range(partition, self.program.limits.broker_wait))?;
            starts.push(Start { slot, next, metadata: note.unwrap_or_default(), end: range.end });
        }
        // Each question takes a moment, and they are asked on this thread.
        let ask_every = ASK_EVERY.max(ASK_EACH * self.assignment.len() as u32);
        let task = Task::open(&self.program, id, store, starts, ask_every, self.clock.now())?;
        tracing::debug!(task = %id, watermark = %task.watermark(), "running");
        self.tasks.push(task);
        Failpoint::RestoreOpened.pass();
        Ok(())
    }

    /// State without offsets would be counted into twice.
    fn check_begins(
        &self,
        id: TaskId,
        store: &Store,
        partitions: &[TopicPartition],
        begins: &[Begin],
    ) -> Result<(), TaskError> {
        let unknown = partitions.iter().zip(begins).filter(|(_, begin)| begin.note.is_none());
        let unknown: Vec<String> = unknown.map(|(partition, _)| partition.to_string()).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let tables = self.program.stores_of(id.subtopology);
        let mut has_state = false;
        for (table, _) in &tables {
            has_state |= store.has_state(store.table(table).expect("opened with all tables"))?;
        }
        if unknown.len() == partitions.len() && has_state {
            let topology = &self.program.plan.topology;
            return Err(LogError::Fatal(format!(
                "there is state of {}, but the group {topology} has committed no offsets for {}: they have expired, the group was deleted, or these are other topics than before. From the beginning everything would be counted twice. Set the group's offsets to where it had been (`kafka-consumer-groups --reset-offsets`), or give the topology another name to begin anew",
                tables.iter().map(|(table, _)| table.as_str()).collect::<Vec<_>>().join(", "),
                unknown.join(", ")
            ))
            .into());
        }
        if unknown.len() < partitions.len() {
            tracing::warn!(
                "{}: read from the beginning, since no offset was committed; that is right for an input that is new to the topology",
                unknown.join(", ")
            );
        }
        Ok(())
    }

    /// Commits what all tasks have done.
    fn commit(&mut self) -> Result<(), TaskError> {
        let now = self.clock.now();
        self.last_commit = now;
        let mut offsets = Vec::new();
        for task in &mut self.tasks {
            offsets.extend(task.prepare(&self.globals, &mut self.writer, now)?);
            Failpoint::CommitHalfPrepared.pass();
        }
        Failpoint::CommitPrepared.pass();
        if self.stores_first {
            for task in &mut self.tasks {
                task.finish(&[], 0)?;
            }
        }
        let outcome = match self.reader.group() {
            Ok(group) => self.writer.commit(&group, &offsets),
            Err(error @ (LogError::NotMember(_) | LogError::Retry(_))) => {
                self.give_up()?;
                CommitOutcome::Aborted { why: error.to_string() }
            }
            Err(error) => return Err(error.into()),
        };
        match outcome {
            CommitOutcome::Committed(ends) => {
                let unix_seconds = self.clock.unix_seconds();
                for task in &mut self.tasks {
                    task.finish(&ends, unix_seconds)?;
                    Failpoint::CommitHalfStored.pass();
                }
                Failpoint::CommitStored.pass();
                self.status.commits += 1;
                self.last_commit = self.clock.now();
                Ok(())
            }
            CommitOutcome::Aborted { why } => {
                tracing::warn!("the transaction was aborted ({why}); its events are read again");
                self.status.aborts += 1;
                self.begin_again()
            }
            CommitOutcome::Rejected { why } => Err(LogError::Rejected(why).into()),
            CommitOutcome::Unknown { why } => {
                tracing::warn!(
                    "nobody knows whether the transaction was committed ({why}); the broker is asked"
                );
                self.status.aborts += 1;
                self.reset_writer()?;
                self.begin_again()
            }
        }
    }

    /// Writes and syncs stores when it is time: one after the other, so that no event waits for all of them.
    fn keep_stores(&mut self, now: WallTime) -> Result<(), TaskError> {
        let count = self.tasks.len();
        if count == 0 {
            return Ok(());
        }
        if now.since(self.last_write) >= self.program.limits.write_interval / count as u32 {
            self.last_write = now;
            self.write_turn = (self.write_turn + 1) % count;
            Failpoint::StoreWriting.pass();
            self.tasks[self.write_turn].write_store()?;
            Failpoint::StoreWritten.pass();
        }
        if now.since(self.last_sync) >= self.program.limits.sync_interval / count as u32 {
            self.last_sync = now;
            self.sync_turn = (self.sync_turn + 1) % count;
            self.sync(self.sync_turn)?;
        }
        Ok(())
    }

    /// What is durable in a store need not be kept in an embedded log's changelogs.
    fn sync(&mut self, index: usize) -> Result<(), TaskError> {
        let task = &mut self.tasks[index];
        for (topic, next) in task.sync()? {
            self.writer.trim_changelog(topic, task.id.partition, next);
        }
        Ok(())
    }

    /// Back to what is committed: operators are made anew from their stores, and the inputs are read again from the committed offsets.
    fn begin_again(&mut self) -> Result<(), TaskError> {
        self.park();
        if self.reader.group().is_err() {
            // The group will say what is next; until then nothing is worked on.
            return Ok(());
        }
        let partitions: Vec<TopicPartition> =
            self.assignment.iter().map(|assigned| assigned.partition.clone()).collect();
        let tasks = self.program.tasks_for(&partitions)?;
        let starts = self.starts(&partitions)?;
        for (assigned, begin) in self.assignment.iter_mut().zip(starts) {
            retry(|| self.reader.seek(assigned.slot, begin.next))?;
            assigned.next = begin.next;
        }
        let now = self.clock.now();
        self.retry_at = Some(WallTime::from_micros(now.micros() + 20_000));
        for task in tasks {
            self.open_store(task, now)?;
        }
        Ok(())
    }

    /// Moves event time by hand, and lets what that releases go through.
    pub fn advance(&mut self, to: EventTime) -> Result<(), TaskError> {
        let now = self.clock.now();
        for task in &mut self.tasks {
            task.advance(to, &self.globals, &mut self.writer, now)?;
        }
        Ok(())
    }

    /// Has every finite input been read to its end, and everything been committed?
    pub fn is_drained(&self) -> bool {
        let now = self.clock.now();
        let done = |task: &Task| task.is_drained() && !task.is_dirty(now);
        !self.tasks.is_empty()
            && self.restoring.is_empty()
            && self.waiting.is_empty()
            && self.tasks.iter().all(done)
    }

    pub fn status(&self) -> Status {
        let mut counters = self.finished;
        for task in &self.tasks {
            counters.add(task.counters());
        }
        let state_bytes = self.tasks.iter().map(|task| task.store().bytes()).sum();
        let (tasks, restoring) = (self.tasks.len(), self.restoring.len());
        Status { tasks, restoring, state_bytes, counters, ..self.status.clone() }
    }

    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// Commits what is done and leaves the group, so that others take over at once.
    pub fn close(mut self) -> Result<(), TaskError> {
        Failpoint::CloseBegun.pass();
        let now = self.clock.now();
        if self.restoring.is_empty() && self.tasks.iter().any(|task| task.is_dirty(now)) {
            self.commit()?;
        }
        Failpoint::CloseCommitted.pass();
        for index in 0..self.tasks.len() {
            self.sync(index)?;
        }
        Failpoint::CloseSynced.pass();
        self.park();
        self.reader.close(Duration::from_secs(5));
        Ok(())
    }
}

/// Asks again while the broker is away: there is nothing else to do, and it is said.
fn retry<T>(mut ask: impl FnMut() -> Result<T, LogError>) -> Result<T, LogError> {
    loop {
        match ask() {
            Err(LogError::Retry(why)) => tracing::warn!("waiting for the broker: {why}"),
            other => return other,
        }
    }
}
