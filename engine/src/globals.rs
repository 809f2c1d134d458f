//! Tables of which every worker has all rows: each of their partitions is read, when partitions are assigned, from where the store is to its end before
//! any event is, and then on and on. They lie in a store of the worker's own, with how far each partition was read, which lives as long as the process: the topic
//! may be another one at the next start.

use crate::clock::WallTime;
use crate::decode::JsonDecoder;
use crate::global_rows::GlobalTable;
use crate::input::{Input, Pending, TableInput};
use crate::log::{LogError, OffsetRange, Reader, Slot};
use crate::operator::TaskError;
use crate::program::Program;
use crate::restore::Replay;
use crate::row_codec::RowCodec;
use crate::table_rows::RowBytes;
use crate::watermark::SourceClock;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tidegate_model::plan::{Node, NodeKind};
use tidegate_model::{NodeId, Offset, Span, TopicPartition};
use tidegate_state::{Shared, StateDir, StateError, Store, TableId, WriteSet};

/// A partition that is quiet for so long is asked whether it is at its end.
const QUIET: Duration = Duration::from_millis(500);
const ASK_WAIT: Duration = Duration::from_millis(500);
/// So often it is noted that the store is up to date.
const AGREED_EVERY: Duration = Duration::from_secs(60);
/// A store that was not read on for so long may lack deletions, which topics forget (`delete.retention.ms`, a day by default).
const AWAY_MAX: Duration = Duration::from_secs(3600);
/// More than any process has.
const WORKERS_MAX: u32 = 1_024;

struct Part {
    table: NodeId,
    partition: TopicPartition,
    /// What has its position in the store.
    position: TableId,
    input: TableInput,
    /// None: it is not read yet.
    slot: Option<Slot>,
    fetched: Offset,
    /// It is read up to here before any event is.
    catch_up: Option<Offset>,
    active_at: WallTime,
}

#[derive(Default)]
pub struct Globals {
    /// None: the plan has no such table.
    store: Option<Store>,
    tables: BTreeMap<NodeId, GlobalTable>,
    parts: Vec<Part>,
    writes: WriteSet,
    /// When the store was last known to be at the ends of the topics.
    agreed_at: Option<WallTime>,
}

/// What [`Globals::read`] did.
pub struct Reading {
    pub records: usize,
    /// Everything that was there at the start is in.
    pub complete: bool,
}

impl Globals {
    /// The rows of a node, which is a global table of the plan's, for some keys; and how they are read.
    pub fn find<'k>(
        &self,
        id: NodeId,
        keys: impl Iterator<Item = &'k [u8]>,
    ) -> Result<(&RowCodec, Vec<Option<RowBytes>>), StateError> {
        let table = self.tables.get(&id).expect("every global table of the plan is here");
        let store = self.store.as_ref().expect("there is one where there are tables");
        let found: Result<Vec<_>, _> = keys.map(|key| table.get(store, key)).collect();
        Ok((&table.codec, found?))
    }

    /// The partitions that are read beside the group's.
    pub fn partitions(program: &Program) -> Vec<(TopicPartition, &Node)> {
        let mut partitions = Vec::new();
        for node in &program.plan.nodes {
            let NodeKind::Table(table) = &node.kind else { continue };
            if !table.global {
                continue;
            }
            let all = (0..program.partitions(&table.topic) as i32).map(tidegate_model::PartitionId);
            let named = all.map(|partition| TopicPartition { topic: table.topic.clone(), partition });
            partitions.extend(named.map(|partition| (partition, node)));
        }
        partitions
    }

    /// Opens the store, and finds out from where on each partition is to be read. `ranges`: what the topics hold, in the order of
    /// [`Globals::partitions`].
    pub fn open(
        program: &Program,
        ranges: &[OffsetRange],
        place: (&StateDir, &Shared),
        unix_seconds: i64,
        now: WallTime,
    ) -> Result<Globals, TaskError> {
        let partitions = Globals::partitions(program);
        if partitions.is_empty() {
            return Ok(Globals::default());
        }
        let position_name =
            |(partition, node): &(TopicPartition, &Node)| format!("{}/{}", node.name, partition.partition.0);
        let mut names: Vec<String> = partitions.iter().map(position_name).collect();
        names.extend(partitions.iter().map(|(_, node)| node.name.clone()));
        let mut store = open_store(place, &names)?;
        let age = Duration::from_secs((unix_seconds - store.committed_at()).max(0) as u64);
        let mut globals = Globals::default();
        let table_count = partitions.iter().map(|(_, node)| node.id).collect::<BTreeSet<_>>().len();
        let cache_bytes = program.cache_bytes() / table_count;
        for (partition, node) in &partitions {
            let NodeKind::Table(table) = &node.kind else { unreachable!("they are tables") };
            if globals.tables.contains_key(&node.id) {
                continue;
            }
            let rows = store.table(&node.name).expect("opened with all tables");
            let own: Vec<(TableId, OffsetRange)> = partitions
                .iter()
                .zip(ranges)
                .filter(|((_, other), _)| other.id == node.id)
                .map(|(part, range)| (store.table(&position_name(part)).expect("opened with it"), *range))
                .collect();
            let anew = |(position, range): &(TableId, OffsetRange)| {
                matches!(Replay::of(store.position(*position), *range, age, Some(AWAY_MAX)), Replay::Anew(_))
            };
            if own.iter().any(anew) {
                tracing::info!(
                    "{}: what is here is too old, or not of this topic; all of the table is read again",
                    partition.topic
                );
                store.clear(rows)?;
                for (position, _) in own {
                    store.clear(position)?;
                }
            }
            let codec = RowCodec::new(&node.schema, program.needed.columns(node));
            globals.tables.insert(node.id, GlobalTable::new(codec, table.key, rows, cache_bytes));
        }
        for (part, range) in partitions.into_iter().zip(ranges) {
            let position = store.table(&position_name(&part)).expect("opened with it");
            let fetched = store.position(position).unwrap_or(range.start);
            let (partition, node) = part;
            let input = input_of(program, &partition, node, now);
            globals.parts.push(Part {
                table: node.id,
                partition,
                position,
                input,
                slot: None,
                fetched,
                catch_up: Some(range.end),
                active_at: now,
            });
        }
        globals.store = Some(store);
        Ok(globals)
    }

    /// Where each partition is to be read from.
    pub fn starts(&self) -> impl Iterator<Item = (TopicPartition, Offset)> {
        self.parts.iter().map(|part| (part.partition.clone(), part.fetched))
    }

    /// The slots of these partitions, in their order.
    pub fn read_from(&mut self, slots: impl ExactSizeIterator<Item = Slot>) {
        assert_eq!(slots.len(), self.parts.len(), "each partition has a slot");
        for (part, slot) in self.parts.iter_mut().zip(slots) {
            part.slot = Some(slot);
        }
    }

    /// Takes in what has come.
    pub fn read<R: Reader>(
        &mut self,
        reader: &mut R,
        batch_records: usize,
        unix_seconds: i64,
        now: WallTime,
    ) -> Result<Reading, TaskError> {
        let (mut records, mut complete) = (0, true);
        let Some(store) = &mut self.store else { return Ok(Reading { records, complete }) };
        for part in &mut self.parts {
            let slot = part.slot.expect("it is assigned before it is read");
            let mut next = part.fetched;
            let input = &mut part.input;
            let count = reader.fetch(slot, batch_records, &mut |record| {
                next = Offset(record.offset.0 + 1);
                input.push(record);
            })?;
            if count > 0 {
                records += count;
                (part.fetched, part.active_at) = (next, now);
                for pending in part.input.finish(next, now)? {
                    let Pending::Rows(batch) = pending else { unreachable!("a table has rows") };
                    self.tables.get_mut(&part.table).expect("it is there").take(&batch, &mut self.writes);
                }
                if let Some(error) = part.input.first_reject() {
                    return Err(error);
                }
                store.commit(&self.writes, &[(part.position, next)])?;
                self.writes.clear();
            }
            if part.catch_up.is_some_and(|end| part.fetched >= end || part.is_quiet_end(reader, now)) {
                part.catch_up = None;
            }
            complete &= part.catch_up.is_none();
        }
        if complete && self.agreed_at.is_none_or(|before| now.since(before) >= AGREED_EVERY) {
            self.agreed_at = Some(now);
            store.set_committed_at(unix_seconds);
            store.sync()?;
        }
        Ok(Reading { records, complete })
    }
}

fn input_of(program: &Program, partition: &TopicPartition, node: &Node, now: WallTime) -> TableInput {
    let NodeKind::Table(table) = &node.kind else { unreachable!("it is a table") };
    let needed = program.needed.columns(node);
    let decoder = JsonDecoder::new(&node.schema, needed, Some(table.key), program.limits.record_bytes);
    let types = node.schema.columns.iter().map(|column| column.ty).collect();
    let malformed = program.route(node, "malformed", None);
    let clock = SourceClock::new(Span::ZERO, None, None, now);
    let topic: Arc<str> = partition.topic.as_str().into();
    TableInput::new(topic, partition.partition, decoder, table.key, types, malformed, clock)
}

/// The first that no other worker of this process has open. Each has all rows, so any will do.
fn open_store((state, shared): (&StateDir, &Shared), names: &[String]) -> Result<Store, StateError> {
    for number in 0..WORKERS_MAX {
        if let Some(store) = Store::open_or_rebuild(&state.global_path(number), shared, names)? {
            return Ok(store);
        }
    }
    Err(StateError::Held { path: state.global_path(WORKERS_MAX - 1).display().to_string() })
}

impl Part {
    /// Its end may be a transaction's markers, behind which nothing comes.
    fn is_quiet_end<R: Reader>(&mut self, reader: &mut R, now: WallTime) -> bool {
        if now.since(self.active_at) < QUIET {
            return false;
        }
        self.active_at = now;
        match reader.confirm_end(self.slot.expect("it is read"), ASK_WAIT) {
            Ok(ended) => ended,
            Err(LogError::Retry(why)) => {
                tracing::warn!(
                    "{}: not known to be read to its end, and joins wait for it: {why}",
                    self.partition
                );
                false
            }
            // Whoever fetches next is told the same.
            Err(_) => false,
        }
    }
}
