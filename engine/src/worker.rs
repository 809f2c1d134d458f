//! One thread's share of a topology: a member of the consumer group, a transactional producer, and the tasks of its partitions.
//!
//! [`Worker::tick`] does everything: production is a loop around it, and so are `test` blocks and simulations.
//!
//! The commit, in order: every task sends what it held back and its changelog records; the log commits them with the inputs' next
//! offsets, all or nothing; then, and only then, each task writes its store. A store may be behind its changelog, never ahead.

use crate::clock::{Clock, WallTime};
use crate::failpoint::Failpoint;
use crate::globals::Globals;
use crate::log::{CommitOutcome, GroupEvent, LogError, Reader, Restorer, Slot, Writer};
use crate::operator::{Counters, TaskError};
use crate::program::Program;
use crate::restore::{self, Lacking, Restoring};
use crate::standby::{Around, Standbys};
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
/// How long the changelogs' next records are waited for while no task runs. Longer would keep the group waiting.
const RESTORE_POLL: Duration = Duration::from_millis(50);
/// While tasks run, and have nothing to do.
const RESTORE_GLANCE: Duration = Duration::from_millis(2);

/// What a tick did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tick {
    Worked,
    /// Nothing to do until something comes, or until this long has passed.
    Idle(Duration),
    /// Stores are being brought up to date, and no other task had anything to do.
    Restoring,
}

/// Where a partition goes on.
struct Begin {
    next: Offset,
    /// What was committed with the offset; None: nothing was, and it begins at the first record there is.
    note: Option<String>,
}

/// What is known about a worker from outside.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Status {
    pub tasks: usize,
    pub restoring: usize,
    /// Changelog records that are still to be replayed.
    pub restore_remaining: i64,
    /// Changelog records that were replayed into stores before their tasks could run.
    pub restored: u64,
    /// Copies of other processes' stores, and by how many changelog records they are behind.
    pub standbys: usize,
    pub standbys_behind: i64,
    /// What the stores take on the disk, and in memory before they are written there.
    pub state_bytes: u64,
    pub commits: u64,
    pub aborts: u64,
    pub counters: Counters,
}

/// What came of the last assignment, until all its tasks run.
struct Takeover {
    since: WallTime,
    tasks: usize,
    /// Of them, those that had a standby.
    copies: usize,
    records: u64,
}

impl Takeover {
    fn begin(now: WallTime) -> Takeover {
        Takeover { since: now, tasks: 0, copies: 0, records: 0 }
    }

    fn tell(&self, now: WallTime) {
        if self.records > 0 || self.copies > 0 {
            tracing::info!(
                "{} tasks are open, {} of them from standbys: {} changelog records replayed in {:.1} s",
                self.tasks,
                self.copies,
                self.records,
                now.since(self.since).as_secs_f64()
            );
        }
    }
}

pub struct Worker<R: Reader, W: Writer<Group = R::Group>, S: Restorer, C: Clock> {
    reader: R,
    writer: W,
    restorer: S,
    standbys: Option<Standbys<S>>,
    clock: C,
    program: Program,
    globals: Globals,
    state: Arc<StateDir>,
    shared: Shared,
    /// What the group gave, with the slots to read from.
    assignment: Vec<(TopicPartition, Slot)>,
    tasks: Vec<Task>,
    restoring: Vec<Restoring>,
    /// Tasks whose store is still held by another worker of this process.
    waiting: Vec<(TaskId, WallTime)>,
    /// Stores that stay open while the group is being rebalanced.
    parked: BTreeMap<TaskId, Store>,
    takeover: Takeover,
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
            standbys: None,
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
            takeover: Takeover::begin(now),
            last_commit: now,
            last_write: now,
            write_turn: 0,
            last_sync: now,
            sync_turn: 0,
            last_group_poll: WallTime::from_micros(i64::MIN),
            retry_at: None,
            status: Status::default(),
            finished: Counters::default(),
        }
    }

    /// Keeps copies of other processes' stores besides.
    pub fn with_standbys(self, standbys: Standbys<S>) -> Self {
        Worker { standbys: Some(standbys), ..self }
    }

    /// Serves the group, works on one run of each task whose store is up to date, commits when it is time, and restores some of the other
    /// stores.
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
        let reading = self.globals.read(&mut self.reader, self.program.limits.batch_records, now)?;
        let mut worked = reading.records;
        if reading.complete {
            for task in &mut self.tasks {
                worked += task.step(&mut self.reader, &self.globals, &mut self.writer, now)?;
            }
        }
        let now = self.clock.now();
        let commits = self.commit_is_due(worked == 0, now);
        if commits {
            self.commit()?;
        }
        let busy = commits || worked > 0;
        let restores = self.retry_at.is_none() && self.restore(busy)?;
        let copied = self.tend_standbys();
        Ok(match (busy || copied, restores) {
            (true, _) => Tick::Worked,
            (false, true) => Tick::Restoring,
            (false, false) => Tick::Idle(self.rest_time(now)),
        })
    }

    /// Returns whether copies took something in.
    fn tend_standbys(&mut self) -> bool {
        let Some(standbys) = &mut self.standbys else { return false };
        let around = Around {
            program: &self.program,
            state: &self.state,
            shared: &self.shared,
            now: self.clock.now(),
            unix_seconds: self.clock.unix_seconds(),
        };
        let is_held = |task: TaskId| {
            self.parked.contains_key(&task)
                || self.tasks.iter().any(|open| open.id == task)
                || self.restoring.iter().any(|restoring| restoring.task == task)
                || self.waiting.iter().any(|(waiting, _)| *waiting == task)
        };
        standbys.tend(&around, &mut self.reader, &is_held) > 0
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
                if self.tasks.iter().any(|task| task.is_dirty(now)) {
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
    fn park_tasks(&mut self) {
        for task in std::mem::take(&mut self.tasks) {
            self.finished.add(task.counters());
            self.parked.insert(task.id, task.into_store());
        }
    }

    /// As above, and what is being restored is stopped, too.
    fn park(&mut self) {
        self.park_tasks();
        for restoring in std::mem::take(&mut self.restoring) {
            for partition in restoring.partitions() {
                self.restorer.stop(&partition);
            }
            self.parked.insert(restoring.task, restoring.into_store());
        }
        for (task, _) in self.waiting.drain(..) {
            self.state.ask_for(task, false);
        }
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
        let global = if tasks.is_empty() { Vec::new() } else { Globals::partitions(&self.program) };
        let global: Vec<TopicPartition> = global.into_iter().map(|(partition, _)| partition).collect();
        let wait = self.program.limits.broker_wait;
        let mut ranges = Vec::new();
        for partition in &global {
            ranges.push(retry(|| self.reader.offset_range(partition, wait))?);
        }
        offsets.extend(global.into_iter().zip(ranges.iter().map(|range| range.start)));
        let mut slots = self.reader.assign(&offsets)?;
        let given = slots.split_off(partitions.len()).into_iter().zip(ranges).collect();
        self.globals = Globals::begin(&self.program, given, self.clock.now());
        self.assignment = partitions.into_iter().zip(slots).collect();
        Failpoint::GroupAssigned.pass();
        self.parked.retain(|task, _| tasks.contains(task));
        let now = self.clock.now();
        self.takeover = Takeover::begin(now);
        for task in tasks {
            self.open_store(task, now)?;
        }
        if let Some(standbys) = &mut self.standbys {
            standbys.assigned(now);
        }
        Ok(())
    }

    /// Where each partition goes on.
    fn starts(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Begin>, TaskError> {
        let wait = self.program.limits.broker_wait;
        let committed = retry(|| self.reader.committed(partitions, wait))?;
        let mut starts = Vec::new();
        for (partition, committed) in partitions.iter().zip(committed) {
            let range = retry(|| self.reader.offset_range(partition, wait))?;
            match committed {
                None => starts.push(Begin { next: range.start, note: None }),
                Some(committed) if committed.next < range.start || committed.next > range.end => {
                    return Err(LogError::OutOfRange {
                        partition: partition.clone(),
                        wanted: committed.next,
                        range,
                    }
                    .into());
                }
                Some(committed) => {
                    starts.push(Begin { next: committed.next, note: Some(committed.metadata) });
                }
            }
        }
        Ok(starts)
    }

    /// Opens a task's store and finds out what of its changelogs is missing there.
    fn open_store(&mut self, task: TaskId, since: WallTime) -> Result<(), TaskError> {
        let copy = self.standbys.as_mut().and_then(|standbys| standbys.take(task));
        self.takeover.copies += usize::from(copy.is_some());
        let mut store = match self.parked.remove(&task).or(copy) {
            Some(store) => store,
            None => match restore::open_store(&self.state, &self.shared, &self.program, task)? {
                Some(store) => store,
                None if self.clock.now().since(since) < STORE_WAIT => {
                    self.state.ask_for(task, true);
                    self.waiting.push((task, since));
                    return Ok(());
                }
                None => {
                    let path = self.state.task_path(task).display().to_string();
                    let cause = "another worker of this process does not give it up".to_owned();
                    return Err(StateError::Store { path, cause }.into());
                }
            },
        };
        self.state.ask_for(task, false);
        let wait = self.program.limits.broker_wait;
        let unix_seconds = self.clock.unix_seconds();
        let reader = &mut self.reader;
        let lacking = restore::lacking(&mut store, &self.program, task, unix_seconds, |partition| {
            retry(|| reader.offset_range(partition, wait))
        })?;
        let mut restoring = Vec::new();
        for Lacking { partition, table, from, end } in lacking {
            if from < end {
                self.restorer.start(&partition, from, end)?;
                restoring.push((partition, table, from, end));
            }
        }
        Failpoint::RestoreBegun.pass();
        self.restoring.push(Restoring::new(task, store, restoring));
        Ok(())
    }

    /// Brings stores up to date, and opens each task whose store is. The others go on meanwhile. Returns whether there was anything to do.
    fn restore(&mut self, busy: bool) -> Result<bool, TaskError> {
        if self.restoring.is_empty() {
            return Ok(false);
        }
        let wait = match (busy, self.tasks.is_empty()) {
            (true, _) => Duration::ZERO,
            (false, false) => RESTORE_GLANCE,
            (false, true) => RESTORE_POLL,
        };
        let records = restore::replay(&mut self.restorer, &mut self.restoring, wait)?;
        self.takeover.records += records;
        self.status.restored += records;
        let done: Vec<Restoring>;
        (done, self.restoring) =
            std::mem::take(&mut self.restoring).into_iter().partition(Restoring::is_done);
        let unix_seconds = self.clock.unix_seconds();
        for restoring in done {
            Failpoint::RestoreDone.pass();
            let task = restoring.task;
            let mut store = restoring.into_store();
            store.set_committed_at(unix_seconds);
            self.open_task(task, store)?;
            self.takeover.tasks += 1;
        }
        if self.restoring.is_empty() && self.waiting.is_empty() {
            self.takeover.tell(self.clock.now());
            self.takeover = Takeover::begin(self.clock.now());
        }
        Ok(true)
    }

    fn open_task(&mut self, id: TaskId, mut store: Store) -> Result<(), TaskError> {
        let partitions: Vec<TopicPartition> =
            self.program.inputs_of(id).into_iter().map(|(partition, _)| partition).collect();
        let begins = self.starts(&partitions)?;
        store.flush()?;
        self.check_begins(id, &store, &partitions, &begins)?;
        let mut starts = Vec::new();
        for (partition, Begin { next, note }) in partitions.iter().zip(begins) {
            let slot = self.slot_of(partition);
            let range = retry(|| self.reader.offset_range(partition, self.program.limits.broker_wait))?;
            starts.push(Start { slot, next, metadata: note.unwrap_or_default(), end: range.end });
        }
        // Each question takes a moment, and they are asked on this thread.
        let ask_every = ASK_EVERY.max(ASK_EACH * self.assignment.len() as u32);
        let task = Task::open(&self.program, id, store, starts, ask_every, self.clock.now())?;
        tracing::debug!(task = %id, watermark = %task.watermark(), "running");
        // In their order, in whichever their stores were done.
        let place = self.tasks.partition_point(|open| open.id < id);
        self.tasks.insert(place, task);
        Failpoint::RestoreOpened.pass();
        Ok(())
    }

    fn slot_of(&self, partition: &TopicPartition) -> Slot {
        let mut assigned = self.assignment.iter();
        assigned.find(|(assigned, _)| assigned == partition).expect("a task is made of assigned partitions").1
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

    /// Back to what is committed: operators are made anew from their stores, and their inputs are read again from the committed offsets.
    /// Tasks that are being restored have no part in it.
    fn begin_again(&mut self) -> Result<(), TaskError> {
        let tasks: Vec<TaskId> = self.tasks.iter().map(|task| task.id).collect();
        self.park_tasks();
        if self.reader.group().is_err() {
            // The group will say what is next; until then nothing is worked on.
            self.park();
            return Ok(());
        }
        let inputs = tasks.iter().flat_map(|task| self.program.inputs_of(*task));
        let partitions: Vec<TopicPartition> = inputs.map(|(partition, _)| partition).collect();
        let starts = self.starts(&partitions)?;
        for (partition, start) in partitions.iter().zip(&starts) {
            let slot = self.slot_of(partition);
            retry(|| self.reader.seek(slot, start.next))?;
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
        let restore_remaining = self.restoring.iter().map(Restoring::remaining).sum();
        let standbys = self.standbys.as_ref().map_or(0, Standbys::len);
        let standbys_behind = self.standbys.as_ref().map_or(0, Standbys::behind);
        Status {
            tasks,
            restoring,
            restore_remaining,
            standbys,
            standbys_behind,
            state_bytes,
            counters,
            ..self.status.clone()
        }
    }

    /// Are there tasks that wait for their stores?
    pub fn is_restoring(&self) -> bool {
        !self.restoring.is_empty()
    }

    /// Those that run.
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// Commits what is done and leaves the group, so that others take over at once.
    pub fn close(mut self) -> Result<(), TaskError> {
        Failpoint::CloseBegun.pass();
        let now = self.clock.now();
        if self.tasks.iter().any(|task| task.is_dirty(now)) {
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
