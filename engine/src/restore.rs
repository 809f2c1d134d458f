//! Changelogs are replayed into stores: from where the store is to where the changelog ended when the task was given to this worker.

use crate::failpoint::Failpoint;
use crate::layout::LAYOUT_KEY;
use crate::log::{LogError, OffsetRange, Restorer};
use crate::operator::TaskError;
use crate::program::Program;
use std::collections::BTreeMap;
use std::time::Duration;
use tidegate_model::{Offset, TaskId, TopicPartition};
use tidegate_state::{Shared, StateDir, StateError, Store, TableId, WriteSet};

/// What a store needs of a changelog.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Replay {
    From(Offset),
    /// All of it, into an emptied table, and why.
    Anew(String),
}

impl Replay {
    /// `age`: since the store's last commit. `most`: after which deletions may be missing in the changelog.
    pub fn of(position: Option<Offset>, range: OffsetRange, age: Duration, most: Option<Duration>) -> Replay {
        let Some(position) = position else { return Replay::From(range.start) };
        if position < range.start || position > range.end {
            return Replay::Anew(format!(
                "the store is at offset {}, and the changelog holds {} to {}",
                position.0, range.start.0, range.end.0
            ));
        }
        if position < range.end && most.is_some_and(|most| age > most) {
            return Replay::Anew(format!(
                "the store was away for {} hours, and deletions since then may have left the changelog",
                age.as_secs() / 3600
            ));
        }
        Replay::From(position)
    }
}

/// Opens a task's store. None: another worker of this process has it open.
pub fn open_store(
    state: &StateDir,
    shared: &Shared,
    program: &Program,
    task: TaskId,
) -> Result<Option<Store>, StateError> {
    let stores = program.stores_of(task.subtopology);
    let tables: Vec<String> = stores.into_iter().map(|(table, _)| table).collect();
    Store::open_or_rebuild(&state.task_path(task), shared, &tables)
}

/// What a store lacks of one of its changelogs.
pub struct Lacking {
    pub partition: TopicPartition,
    pub table: TableId,
    pub from: Offset,
    /// The changelog's end as it is.
    pub end: Offset,
}

/// What a store lacks of all of them. A table that cannot go on from where it is has been emptied.
pub fn lacking(
    store: &mut Store,
    program: &Program,
    task: TaskId,
    unix_seconds: i64,
    mut range_of: impl FnMut(&TopicPartition) -> Result<OffsetRange, LogError>,
) -> Result<Vec<Lacking>, TaskError> {
    let mut all = Vec::new();
    for (table, topic) in program.stores_of(task.subtopology) {
        let table = store.table(&table).expect("opened with all tables");
        let partition = TopicPartition { topic, partition: task.partition };
        let range = range_of(&partition)?;
        let age = Duration::from_secs((unix_seconds - store.committed_at()).max(0) as u64);
        let from = match Replay::of(store.position(table), range, age, program.limits.store_age) {
            Replay::From(from) => from,
            Replay::Anew(why) => {
                tracing::warn!("{partition}: {why}; the store is rebuilt from the whole changelog");
                store.clear(table)?;
                range.start
            }
        };
        all.push(Lacking { partition, table, from, end: range.end });
    }
    Ok(all)
}

struct Part {
    partition: TopicPartition,
    table: TableId,
    position: Offset,
    to: Offset,
    writes: WriteSet,
    layout: Option<String>,
}

/// A task whose store is being brought up to date.
pub struct Restoring {
    pub task: TaskId,
    store: Store,
    parts: Vec<Part>,
}

impl Restoring {
    pub fn new(
        task: TaskId,
        store: Store,
        parts: Vec<(TopicPartition, TableId, Offset, Offset)>,
    ) -> Restoring {
        let parts = parts
            .into_iter()
            .map(|(partition, table, position, to)| Part {
                partition,
                table,
                position,
                to,
                writes: WriteSet::default(),
                layout: None,
            })
            .collect();
        Restoring { task, store, parts }
    }

    pub fn is_done(&self) -> bool {
        self.parts.is_empty()
    }

    /// Offsets that are still to be replayed.
    pub fn remaining(&self) -> i64 {
        self.parts.iter().map(|part| part.to.0 - part.position.0).sum()
    }

    /// What is still being read.
    pub fn partitions(&self) -> Vec<TopicPartition> {
        self.parts.iter().map(|part| part.partition.clone()).collect()
    }

    /// Where each of them is.
    pub fn positions(&self) -> impl Iterator<Item = (TopicPartition, Offset)> + '_ {
        self.parts.iter().map(|part| (part.partition.clone(), part.position))
    }

    pub fn store(&mut self) -> &mut Store {
        &mut self.store
    }

    pub fn into_store(self) -> Store {
        self.store
    }
}

/// Reads some of what is missing, waiting at most `wait` for it, and writes it. Returns how many records that were.
pub fn replay<S: Restorer>(
    restorer: &mut S,
    all: &mut [Restoring],
    wait: Duration,
) -> Result<u64, TaskError> {
    if all.iter().all(Restoring::is_done) {
        return Ok(0);
    }
    let mut records = 0;
    let mut place: BTreeMap<TopicPartition, (usize, usize)> = BTreeMap::new();
    for (index, restoring) in all.iter().enumerate() {
        for (part, state) in restoring.parts.iter().enumerate() {
            place.insert(state.partition.clone(), (index, part));
        }
    }
    let positions = restorer.poll(wait, &mut |partition, record| {
        let Some((index, part)) = place.get(partition) else { return };
        let part = &mut all[*index].parts[*part];
        // Behind `to` lies what another worker may still be writing; it is not this task's yet.
        let (Some(key), true) = (record.key, record.offset < part.to) else { return };
        records += 1;
        match record.value {
            Some(value) if key == LAYOUT_KEY => {
                part.layout = Some(String::from_utf8_lossy(value).into_owned())
            }
            Some(value) => part.writes.put(part.table, key, value),
            None => part.writes.delete(part.table, key),
        }
    })?;
    for (partition, position) in positions {
        let Some((index, part)) = place.get(&partition) else { continue };
        let restoring = &mut all[*index];
        let part = &mut restoring.parts[*part];
        if position <= part.position && part.writes.is_empty() && part.layout.is_none() {
            continue;
        }
        part.position = position.min(part.to).max(part.position);
        // Before the position that lies behind it.
        if let Some(layout) = part.layout.take() {
            restoring.store.set_layout(part.table, &layout);
        }
        restoring.store.commit(&part.writes, &[(part.table, part.position)])?;
        // Behind the last record there may be a transaction's marker, which brings nothing.
        if !part.writes.is_empty() {
            part.writes.clear();
            Failpoint::RestoreHalf.pass();
        }
    }
    for restoring in all {
        restoring.parts.retain(|part| {
            let done = part.position >= part.to;
            if done {
                restorer.stop(&part.partition);
            }
            !done
        });
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_rebuilt_only_where_its_changelog_may_lack_something() {
        const HOUR: Duration = Duration::from_secs(3600);
        let range = OffsetRange { start: Offset(10), end: Offset(90) };
        let of = |position: Option<i64>, hours: u32, most: Option<u32>| {
            Replay::of(position.map(Offset), range, HOUR * hours, most.map(|most| HOUR * most))
        };
        assert_eq!(of(None, 0, Some(5)), Replay::From(Offset(10)), "never written");
        assert_eq!(of(Some(40), 5, Some(5)), Replay::From(Offset(40)), "its tail");
        assert_eq!(of(Some(40), 500, None), Replay::From(Offset(40)), "a changelog that forgets nothing");
        assert!(matches!(of(Some(40), 6, Some(5)), Replay::Anew(why) if why.contains("6 hours")));
        assert_eq!(of(Some(90), 500, Some(5)), Replay::From(Offset(90)), "nothing was missed");
        assert!(matches!(of(Some(9), 0, Some(5)), Replay::Anew(_)), "truncated");
        assert!(matches!(of(Some(91), 0, Some(5)), Replay::Anew(_)), "of another changelog");
    }
}
