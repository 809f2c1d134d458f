//! The copies of one worker: stores in its process's state directory, fed from their changelogs while another process has the tasks.

use super::share;
use crate::clock::WallTime;
use crate::log::{LogError, OffsetRange, Reader, Restorer};
use crate::operator::TaskError;
use crate::program::Program;
use crate::restore::{self, Lacking, Restoring};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::time::Duration;
use tidegate_model::{Offset, SubtopologyId, TaskId, TopicPartition};
use tidegate_state::{Shared, StateDir, Store, TableId};

/// How often it is asked who is in the group.
const ASK_EVERY: Duration = Duration::from_secs(10);
/// Behind an assignment, when the others have got theirs.
const ASK_SOON: Duration = Duration::from_millis(500);
/// Each copy is held against its changelogs' ends so often.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Opening a store takes a moment, for which the tasks wait.
const OPEN_EVERY: Duration = Duration::from_millis(100);
/// Changelogs that had nothing new are not looked into for so long.
const READ_PAUSE: Duration = Duration::from_millis(10);
/// How long an answer about a changelog's ends is waited for.
const ANSWER: Duration = Duration::from_millis(500);
/// A copy has no end: what comes is taken in.
const NO_END: Offset = Offset(i64::MAX);

/// Who is in the group, asked without waiting for the answer.
pub trait Members: Send {
    /// This worker's name in the group: `<process>-<number>`.
    fn own(&self) -> &str;

    fn ask(&mut self);

    /// The names of all members, once, when the answer has come and the group is at rest.
    fn answer(&mut self) -> Option<BTreeSet<String>>;
}

/// What a worker works with.
pub(crate) struct Around<'a> {
    pub program: &'a Program,
    pub state: &'a StateDir,
    pub shared: &'a Shared,
    pub now: WallTime,
    pub unix_seconds: i64,
}

/// Where the changelogs of a copy ended when they were looked at.
#[derive(Default)]
struct Seen {
    at: i64,
    ends: BTreeMap<TopicPartition, Offset>,
    /// Was the copy ever there?
    reached: bool,
}

impl Seen {
    fn is_reached(&self, copy: &Restoring) -> bool {
        copy.positions()
            .all(|(partition, position)| self.ends.get(&partition).is_some_and(|end| position >= *end))
    }
}

pub struct Standbys<S: Restorer> {
    /// Apart from the one of tasks that are waited for.
    restorer: S,
    members: Box<dyn Members>,
    /// How many processes may go at once.
    count: u32,
    copies: Vec<Restoring>,
    seen: BTreeMap<TaskId, Seen>,
    to_open: BTreeSet<TaskId>,
    opened_last: Option<TaskId>,
    ask_at: WallTime,
    open_at: WallTime,
    look_at: WallTime,
    look_turn: usize,
    read_at: WallTime,
}

fn later(now: WallTime, by: Duration) -> WallTime {
    WallTime::from_micros(now.micros() + by.as_micros() as i64)
}

impl<S: Restorer> Standbys<S> {
    /// `count`: how many processes may go at once, without their tasks being read back from the beginning.
    pub fn new(count: u32, members: Box<dyn Members>, restorer: S) -> Standbys<S> {
        let never = WallTime::from_micros(i64::MAX);
        Standbys {
            restorer,
            members,
            count,
            copies: Vec::new(),
            seen: BTreeMap::new(),
            to_open: BTreeSet::new(),
            opened_last: None,
            // Nothing is known before the first assignment.
            ask_at: never,
            open_at: WallTime::from_micros(i64::MIN),
            look_at: never,
            look_turn: 0,
            read_at: WallTime::from_micros(i64::MIN),
        }
    }

    /// How many stores are copied.
    pub fn len(&self) -> usize {
        self.copies.len()
    }

    pub fn is_empty(&self) -> bool {
        self.copies.is_empty()
    }

    /// By how many changelog records the copies are behind what was there when they were last looked at.
    pub fn behind(&self) -> i64 {
        let of_copy = |copy: &Restoring| {
            let ends = self.seen.get(&copy.task).map(|seen| &seen.ends);
            let behind = |(partition, position): (TopicPartition, Offset)| {
                let end = ends.and_then(|ends| ends.get(&partition));
                end.map_or(0, |end| (end.0 - position.0).max(0))
            };
            copy.positions().map(behind).sum::<i64>()
        };
        self.copies.iter().map(of_copy).sum()
    }

    /// The group has given partitions anew.
    pub(crate) fn assigned(&mut self, now: WallTime) {
        self.to_open.clear();
        self.ask_at = later(now, ASK_SOON);
    }

    /// Each in turn: one that cannot be opened does not keep the others.
    fn next_to_open(&self) -> Option<TaskId> {
        let behind = self.opened_last.map_or(Bound::Unbounded, Bound::Excluded);
        self.to_open.range((behind, Bound::Unbounded)).next().or(self.to_open.first()).copied()
    }

    /// The copy of a task that is this worker's now.
    pub(crate) fn take(&mut self, task: TaskId) -> Option<Store> {
        self.to_open.remove(&task);
        let place = self.copies.iter().position(|copy| copy.task == task)?;
        Some(self.end(place))
    }

    fn end(&mut self, place: usize) -> Store {
        let copy = self.copies.swap_remove(place);
        self.seen.remove(&copy.task);
        for partition in copy.partitions() {
            self.restorer.stop(&partition);
        }
        copy.into_store()
    }

    /// Goes on with the copies. `is_held`: does this worker have the task itself? Returns how many records it took in. What fails is told and tried
    /// again later: no task is stopped for its copy's sake.
    pub(crate) fn tend<R: Reader>(
        &mut self,
        around: &Around<'_>,
        reader: &mut R,
        is_held: &dyn Fn(TaskId) -> bool,
    ) -> u64 {
        self.give_way(around.state);
        self.review(around, is_held);
        if around.now >= self.open_at
            && let Some(task) = self.next_to_open()
        {
            self.to_open.remove(&task);
            self.opened_last = Some(task);
            self.open_at = later(around.now, OPEN_EVERY);
            if let Err(error) = self.open(task, around, reader) {
                // Each question waits for its answer, and the tasks wait with it.
                if matches!(error, TaskError::Log(LogError::Retry(_))) {
                    self.open_at = later(around.now, LOOK_EVERY);
                    self.to_open.insert(task);
                }
                tracing::warn!("the standby of task {task} waits: {error}");
            }
        }
        if self.copies.is_empty() {
            return 0;
        }
        if around.now >= self.look_at {
            let place = self.look_turn % self.copies.len();
            self.look_turn = place + 1;
            self.look_at = later(around.now, LOOK_EVERY / self.copies.len() as u32);
            self.look(place, around, reader);
        }
        if around.now < self.read_at {
            return 0;
        }
        match restore::replay(&mut self.restorer, &mut self.copies, Duration::ZERO) {
            Ok(records) => {
                if records == 0 {
                    self.read_at = later(around.now, READ_PAUSE);
                }
                self.tell_of_new_ones();
                records
            }
            Err(error) => {
                tracing::warn!("standbys are closed, and opened again in a while: {error}");
                while !self.copies.is_empty() {
                    self.end(0);
                }
                0
            }
        }
    }

    fn tell_of_new_ones(&mut self) {
        for copy in &self.copies {
            let Some(seen) = self.seen.get_mut(&copy.task).filter(|seen| !seen.reached) else { continue };
            if seen.is_reached(copy) {
                seen.reached = true;
                tracing::info!("a standby of task {} is up to date", copy.task);
            }
        }
    }

    /// Another worker of this process was given a task whose copy is here.
    fn give_way(&mut self, state: &StateDir) {
        while let Some(place) = self.copies.iter().position(|copy| state.is_asked_for(copy.task)) {
            self.end(place);
        }
    }

    fn review(&mut self, around: &Around<'_>, is_held: &dyn Fn(TaskId) -> bool) {
        if around.now >= self.ask_at {
            self.ask_at = later(around.now, ASK_EVERY);
            self.members.ask();
        }
        let Some(members) = self.members.answer() else { return };
        let program = around.program;
        let tasks: Vec<(SubtopologyId, u32)> = (0..program.plan.subtopologies())
            .map(SubtopologyId)
            .filter(|subtopology| !program.stores_of(*subtopology).is_empty())
            .map(|subtopology| (subtopology, program.tasks_of(subtopology)))
            .collect();
        let wanted = share::standbys(self.members.own(), &members, &tasks, self.count);
        while let Some(place) = self.copies.iter().position(|copy| !wanted.contains(&copy.task)) {
            self.end(place);
        }
        let is_here = |task: &TaskId| self.copies.iter().any(|copy| copy.task == *task) || is_held(*task);
        self.to_open = wanted.into_iter().filter(|task| !is_here(task)).collect();
    }

    fn open<R: Reader>(
        &mut self,
        task: TaskId,
        around: &Around<'_>,
        reader: &mut R,
    ) -> Result<(), TaskError> {
        // Another worker of this process has not given the task up yet: at the next review.
        let Some(mut store) = restore::open_store(around.state, around.shared, around.program, task)? else {
            return Ok(());
        };
        let lacking = restore::lacking(&mut store, around.program, task, around.unix_seconds, |partition| {
            reader.offset_range(partition, ANSWER)
        })?;
        let mut parts: Vec<(TopicPartition, TableId, Offset, Offset)> = Vec::new();
        let mut seen = Seen { at: around.unix_seconds, ..Seen::default() };
        for Lacking { partition, table, from, end } in lacking {
            if let Err(error) = self.restorer.start(&partition, from, NO_END) {
                for (started, ..) in &parts {
                    self.restorer.stop(started);
                }
                return Err(error.into());
            }
            seen.ends.insert(partition.clone(), end);
            parts.push((partition, table, from, NO_END));
        }
        tracing::debug!(%task, "a standby is open");
        self.seen.insert(task, seen);
        self.copies.push(Restoring::new(task, store, parts));
        self.look_at = self.look_at.min(later(around.now, LOOK_EVERY));
        Ok(())
    }

    /// A copy that has come to where its changelogs ended when they were last looked at lacks nothing of that time. One that its changelog has left
    /// behind, or that is ahead of it, begins again.
    fn look<R: Reader>(&mut self, place: usize, around: &Around<'_>, reader: &mut R) {
        let task = self.copies[place].task;
        let mut ends = BTreeMap::new();
        let positions: Vec<(TopicPartition, Offset)> = self.copies[place].positions().collect();
        for (partition, position) in &positions {
            let range = match reader.offset_range(partition, ANSWER) {
                Ok(range) => range,
                // Every copy would wait for as long.
                Err(LogError::Retry(_)) => {
                    self.look_at = later(around.now, LOOK_EVERY);
                    return;
                }
                Err(error) => {
                    tracing::warn!("the standby of task {task}: {error}");
                    return;
                }
            };
            let OffsetRange { start, end } = range;
            if *position < start || *position > end {
                tracing::warn!(
                    "the standby of task {task} is at {partition}@{}, and the changelog holds {} to {}",
                    position.0,
                    start.0,
                    end.0
                );
                self.end(place);
                self.to_open.insert(task);
                return;
            }
            ends.insert(partition.clone(), end);
        }
        let seen = self.seen.entry(task).or_default();
        let is_reached = seen.is_reached(&self.copies[place]);
        let store = self.copies[place].store();
        if is_reached {
            store.set_committed_at(seen.at);
            *seen = Seen { at: around.unix_seconds, ends, reached: true };
        }
        if let Err(error) = store.flush() {
            tracing::warn!("the standby of task {task}: {error}");
        }
    }
}
