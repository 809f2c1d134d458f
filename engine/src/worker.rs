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
use crate::restore::Restoring;
use crate::retry::retry;
use crate::standby::{Around, Standbys};
use crate::task::Task;
use assigned::Takeover;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tidegate_model::{EventTime, Offset, TaskId, TopicPartition};
use tidegate_state::{Shared, StateDir, Store};

mod assigned;

const GROUP_POLL: Duration = Duration::from_millis(50);
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// What a tick did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tick {
    Worked,
    /// Nothing to do until something comes, or until this long has passed.
    Idle(Duration),
    /// Stores are being brought up to date, and no other task had anything to do.
    Restoring,
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
    assignment: Vec<Assigned>,
    tasks: Vec<Task>,
    restoring: Vec<Restoring>,
    ask_begins_at: WallTime,
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
            standbys: None,
            clock,
            program,
            globals: Globals::default(),
            state,
            shared,
            assignment: Vec::new(),
            tasks: Vec::new(),
            restoring: Vec::new(),
            ask_begins_at: WallTime::from_micros(i64::MIN),
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
            stores_first: false,
        }
    }

    /// Makes the worker write its stores before the log has committed, which is wrong: a test of the simulation asks whether that is found.
    #[doc(hidden)]
    pub fn plant(&mut self, stores_first: bool) {
        self.stores_first = stores_first;
    }

    /// Keeps copies of other processes' stores besides.
    pub fn with_standbys(self, standbys: Standbys<S>) -> Self {
        Worker { standbys: Some(standbys), ..self }
    }

    /// Serves the group, works on one run of each task whose store is up to date, commits when it is time, and restores some of the other
    /// stores.
    pub fn tick(&mut self) -> Result<Tick, TaskError> {
        match self.turn() {
            // The group took the place away in the middle of something, and will say what is next.
            Err(TaskError::Log(LogError::NotMember(why))) => {
                tracing::warn!("{why}; uncommitted work is dropped until the group gives partitions again");
                self.give_up()?;
                self.park();
                Ok(Tick::Idle(RETRY_PAUSE))
            }
            other => other,
        }
    }

    fn turn(&mut self) -> Result<Tick, TaskError> {
        let now = self.clock.now();
        if now.since(self.last_group_poll) >= GROUP_POLL || self.tasks.is_empty() {
            self.last_group_poll = now;
            while let Some(event) = self.reader.poll_group()? {
                self.serve(event)?;
            }
        }
        if self.retry_at.is_some_and(|at| now < at) {
            return Ok(Tick::Idle(RETRY_PAUSE));
        }
        self.retry_at = None;
        self.keep_stores(now)?;
        if !self.waiting.is_empty() {
            let waiting = std::mem::take(&mut self.waiting);
            for (task, since) in waiting {
                self.open_store(task, since)?;
            }
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
        let held = || {
            let of_tasks = self.tasks.iter().map(Task::uncommitted_bytes);
            of_tasks.chain([self.writer.held_bytes()]).sum::<usize>()
        };
        let due = waited >= limits.commit_interval
            || (drained && waited >= limits.commit_interval_idle)
            || held() >= limits.uncommitted_bytes;
        due && self.tasks.iter().any(|task| task.is_dirty(now))
    }

    fn serve(&mut self, event: GroupEvent) -> Result<(), TaskError> {
        match event {
            GroupEvent::Assigned(partitions) => self.take_over(partitions),
            GroupEvent::Revoking => {
                Failpoint::GroupRevoking.pass();
                self.commit_last()?;
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
        let wait = self.program.limits.broker_wait;
        Ok(retry(&mut self.reader, "the transaction coordinator", |_| self.writer.reset(wait))?)
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

    /// Commits before the partitions go to others.
    fn commit_last(&mut self) -> Result<(), TaskError> {
        let now = self.clock.now();
        if !self.tasks.iter().any(|task| task.is_dirty(now)) {
            return Ok(());
        }
        match self.commit() {
            // Whoever has the partitions now does it again.
            Err(TaskError::Log(LogError::NotMember(_))) => {
                self.give_up()?;
                self.park();
                Ok(())
            }
            other => other,
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
        for (partition, begin) in partitions.iter().zip(starts) {
            self.seek(partition, begin.next)?;
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
        self.commit_last()?;
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
