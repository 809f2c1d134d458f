//! From an assignment to tasks that run: their stores are opened and brought up to date, and each task begins as soon as its own is.

use super::{Assigned, Worker};
use crate::clock::{Clock, WallTime};
use crate::failpoint::Failpoint;
use crate::globals::Globals;
use crate::log::{Committed, LogError, Reader, Restorer, Writer};
use crate::operator::TaskError;
use crate::restore::{self, Lacking, Restoring};
use crate::retry::retry;
use crate::task::{Start, Task};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tidegate_model::{Offset, TaskId, TopicPartition};
use tidegate_state::{StateError, Store};

/// How long a store that another worker of this process is about to give up is waited for.
const STORE_WAIT: Duration = Duration::from_secs(60);
/// How often a silent input is asked whether it is at its end, at most. While it is silent, the watermark follows the wall clock in such
/// steps.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// For each partition of this worker.
const ASK_EACH: Duration = Duration::from_millis(20);
/// How long the changelogs' next records are waited for while no task runs. Longer would keep the group waiting.
const RESTORE_POLL: Duration = Duration::from_millis(50);
/// While tasks run, and have nothing to do.
const RESTORE_GLANCE: Duration = Duration::from_millis(2);
/// While tasks run, where others go on is asked for a moment only, and now and then.
const BEGIN_WAIT: Duration = Duration::from_millis(100);
const BEGIN_EVERY: Duration = Duration::from_secs(1);

/// Where a partition goes on.
pub(super) struct Begin {
    pub(super) next: Offset,
    /// Behind the last record that was there when it was asked.
    end: Offset,
    /// What was committed with the offset; None: nothing was, and it begins at the first record there is.
    note: Option<String>,
}

/// What came of assignments, until all their tasks run.
pub(super) struct Takeover {
    since: WallTime,
    tasks: usize,
    /// Of them, those that had a standby.
    copies: usize,
    records: u64,
}

impl Takeover {
    pub(super) fn begin(now: WallTime) -> Takeover {
        Takeover { since: now, tasks: 0, copies: 0, records: 0 }
    }

    /// Partitions were given anew. What was not told of yet, since the group did not wait for it, is told of with these.
    fn goes_on(&mut self, now: WallTime) {
        self.tasks = 0;
        if self.records == 0 && self.copies == 0 {
            self.since = now;
        }
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

impl<R: Reader, W: Writer<Group = R::Group>, S: Restorer, C: Clock> Worker<R, W, S, C> {
    pub(super) fn take_over(&mut self, partitions: Vec<TopicPartition>) -> Result<(), TaskError> {
        let tasks = self.program.tasks_for(&partitions)?;
        let mut offsets = self.first_offsets(&partitions, &tasks)?;
        self.globals = Globals::default();
        if !tasks.is_empty() {
            let wait = self.program.limits.broker_wait;
            let mut ranges = Vec::new();
            for (partition, _) in Globals::partitions(&self.program) {
                ranges.push(retry(&mut self.reader, "the broker", |reader| {
                    reader.offset_range(&partition, wait)
                })?);
            }
            let place = (&*self.state, &self.shared);
            let unix_seconds = self.clock.unix_seconds();
            self.globals = Globals::open(&self.program, &ranges, place, unix_seconds, self.clock.now())?;
        }
        let count = offsets.len();
        offsets.extend(self.globals.starts());
        let mut slots = self.reader.assign(&offsets)?;
        self.globals.read_from(slots.split_off(count).into_iter());
        let assigned = |((partition, next), slot)| Assigned { partition, slot, next };
        self.assignment = offsets.into_iter().zip(slots).map(assigned).collect();
        Failpoint::GroupAssigned.pass();
        self.parked.retain(|task, _| tasks.contains(task));
        let now = self.clock.now();
        self.takeover.goes_on(now);
        for task in tasks {
            self.open_store(task, now)?;
        }
        if let Some(standbys) = &mut self.standbys {
            standbys.assigned(now);
        }
        Ok(())
    }

    /// Where the reader begins. What a process that is gone has left open is not waited for while other tasks could run: such partitions begin
    /// anywhere, until their task is opened.
    fn first_offsets(
        &mut self,
        partitions: &[TopicPartition],
        tasks: &[TaskId],
    ) -> Result<Vec<(TopicPartition, Offset)>, TaskError> {
        let staying = tasks.iter().filter(|task| self.parked.contains_key(task));
        let staying = staying.flat_map(|task| self.program.inputs_of(*task));
        let staying: BTreeSet<TopicPartition> = staying.map(|(partition, _)| partition).collect();
        let known = if staying.is_empty() { None } else { self.starts_if_known(partitions)? };
        let mut offsets = BTreeMap::new();
        let (asked, unplaced): (Vec<_>, Vec<_>) = match &known {
            None if !staying.is_empty() => {
                partitions.iter().cloned().partition(|partition| staying.contains(partition))
            }
            _ => (partitions.to_vec(), Vec::new()),
        };
        let starts = match known {
            Some(starts) => starts,
            None => self.starts(&asked)?,
        };
        offsets.extend(asked.into_iter().zip(starts.into_iter().map(|start| start.next)));
        let wait = self.program.limits.broker_wait;
        for partition in unplaced {
            let range =
                retry(&mut self.reader, "the broker", |reader| reader.offset_range(&partition, wait))?;
            offsets.insert(partition, range.start);
        }
        Ok(partitions.iter().map(|partition| (partition.clone(), offsets[partition])).collect())
    }

    /// Where each partition goes on, if the broker says so at once.
    fn starts_if_known(&mut self, partitions: &[TopicPartition]) -> Result<Option<Vec<Begin>>, TaskError> {
        match self.reader.committed(partitions, BEGIN_WAIT) {
            Ok(committed) => match self.starts_at(partitions, &committed) {
                Err(TaskError::Log(LogError::OutOfRange { .. })) => self.starts(partitions).map(Some),
                starts => starts.map(Some),
            },
            Err(LogError::Retry(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Where each partition goes on.
    pub(super) fn starts(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Begin>, TaskError> {
        let wait = self.program.limits.broker_wait;
        let mut before = None;
        loop {
            let committed =
                retry(&mut self.reader, "the broker", |reader| reader.committed(partitions, wait))?;
            match self.starts_at(partitions, &committed) {
                // Between the two questions another one may have committed, and deleted what it had read.
                Err(TaskError::Log(LogError::OutOfRange { .. })) if before.as_ref() != Some(&committed) => {
                    before = Some(committed);
                }
                starts => return starts,
            }
        }
    }

    fn starts_at(
        &mut self,
        partitions: &[TopicPartition],
        committed: &[Option<Committed>],
    ) -> Result<Vec<Begin>, TaskError> {
        let wait = self.program.limits.broker_wait;
        let mut starts = Vec::new();
        for (partition, committed) in partitions.iter().zip(committed) {
            let range = retry(&mut self.reader, "the broker", |reader| reader.offset_range(partition, wait))?;
            match committed {
                None => starts.push(Begin { next: range.start, end: range.end, note: None }),
                Some(Committed { next, .. }) if *next < range.start || *next > range.end => {
                    let partition = partition.clone();
                    return Err(LogError::OutOfRange { partition, wanted: *next, range }.into());
                }
                Some(Committed { next, metadata }) => {
                    starts.push(Begin { next: *next, end: range.end, note: Some(metadata.clone()) });
                }
            }
        }
        Ok(starts)
    }

    /// Opens a task's store and finds out what of its changelogs is missing there.
    pub(super) fn open_store(&mut self, task: TaskId, since: WallTime) -> Result<(), TaskError> {
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
            retry(reader, "the broker", |reader| reader.offset_range(partition, wait))
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
    pub(super) fn restore(&mut self, busy: bool) -> Result<bool, TaskError> {
        if self.restoring.is_empty() {
            return Ok(false);
        }
        let reads = self.restoring.iter().any(|restoring| !restoring.is_done());
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
        let (mut opened, mut unknown) = (0, Vec::new());
        for mut restoring in done {
            restoring.store().set_committed_at(unix_seconds);
            let inputs = self.program.inputs_of(restoring.task).into_iter();
            let inputs: Vec<TopicPartition> = inputs.map(|(partition, _)| partition).collect();
            let asks = self.tasks.is_empty() || self.clock.now() >= self.ask_begins_at;
            let Some(begins) = self.begins(&inputs)? else {
                // Who was asked for in vain is asked for behind the others.
                if asks {
                    unknown.push(restoring)
                } else {
                    self.restoring.push(restoring)
                }
                continue;
            };
            Failpoint::RestoreDone.pass();
            self.open_task(restoring.task, restoring.into_store(), &inputs, begins)?;
            opened += 1;
        }
        self.restoring.extend(unknown);
        self.takeover.tasks += opened;
        if self.restoring.is_empty() && self.waiting.is_empty() {
            self.takeover.tell(self.clock.now());
            self.takeover = Takeover::begin(self.clock.now());
        }
        Ok(opened > 0 || reads)
    }

    /// Where a task's inputs go on. None: it is not known yet, and others run meanwhile.
    fn begins(&mut self, inputs: &[TopicPartition]) -> Result<Option<Vec<Begin>>, TaskError> {
        if self.tasks.is_empty() {
            return self.starts(inputs).map(Some);
        }
        if self.clock.now() < self.ask_begins_at {
            return Ok(None);
        }
        let begins = self.starts_if_known(inputs)?;
        if begins.is_none() {
            self.ask_begins_at =
                WallTime::from_micros(self.clock.now().micros() + BEGIN_EVERY.as_micros() as i64);
        }
        Ok(begins)
    }

    fn open_task(
        &mut self,
        id: TaskId,
        mut store: Store,
        partitions: &[TopicPartition],
        begins: Vec<Begin>,
    ) -> Result<(), TaskError> {
        store.flush()?;
        self.check_begins(id, &store, partitions, &begins)?;
        let mut starts = Vec::new();
        for (partition, Begin { next, end, note }) in partitions.iter().zip(begins) {
            // It began anywhere, or the group has put another one in this one's place, which has committed meanwhile; this one will be told.
            let assigned = self.assigned(partition);
            let slot = assigned.slot;
            if assigned.next != next {
                self.seek(partition, next)?;
            }
            starts.push(Start { slot, next, metadata: note.unwrap_or_default(), end });
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

    fn assigned(&mut self, partition: &TopicPartition) -> &mut Assigned {
        let mut all = self.assignment.iter_mut();
        all.find(|assigned| assigned.partition == *partition).expect("a task is made of assigned partitions")
    }

    /// Reads a partition from another place on.
    pub(super) fn seek(&mut self, partition: &TopicPartition, next: Offset) -> Result<(), TaskError> {
        let assigned = self.assigned(partition);
        assigned.next = next;
        let slot = assigned.slot;
        Ok(retry(&mut self.reader, "the broker", |reader| reader.seek(slot, next))?)
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
}
