//! Tables of which every worker has all rows: each of their partitions is read from its beginning when partitions are assigned, to its end before
//! any event is, and then on and on. They are kept in memory; the topic is their changelog.

use crate::batch::Batch;
use crate::clock::WallTime;
use crate::decode::JsonDecoder;
use crate::input::{Input, Pending, TableInput};
use crate::key_columns::push_key;
use crate::log::{LogError, OffsetRange, Reader, Slot};
use crate::operator::TaskError;
use crate::program::Program;
use crate::route::Route;
use crate::row_codec::RowCodec;
use crate::table_rows::RowBytes;
use crate::watermark::SourceClock;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tidegate_model::plan::{Node, NodeKind};
use tidegate_model::{NodeId, Offset, Span, TopicPartition};

/// A partition that is quiet for so long is asked whether it is at its end.
const QUIET: Duration = Duration::from_millis(500);
const ASK_WAIT: Duration = Duration::from_millis(500);

/// The rows of one table.
pub struct GlobalTable {
    pub codec: RowCodec,
    key: usize,
    rows: HashMap<Box<[u8]>, RowBytes, FixedState>,
}

impl GlobalTable {
    pub fn new(codec: RowCodec, key: usize) -> GlobalTable {
        GlobalTable { codec, key, rows: HashMap::default() }
    }

    pub fn get(&self, key: &[u8]) -> Option<&RowBytes> {
        self.rows.get(key)
    }

    /// Rows of its topic.
    pub fn take(&mut self, batch: &Batch) {
        let key_column = std::slice::from_ref(&batch.columns[self.key]);
        let mut key = Vec::new();
        for &row in &batch.selection {
            let row = row as usize;
            key.clear();
            push_key(key_column, row, &mut key);
            if batch.is_deleted(row) {
                self.rows.remove(&key[..]);
                continue;
            }
            let mut bytes = Vec::new();
            self.codec.encode(&batch.columns, row, &mut bytes);
            self.rows.insert(key.as_slice().into(), RowBytes(bytes.into()));
        }
    }
}

struct Part {
    table: NodeId,
    partition: TopicPartition,
    input: TableInput,
    slot: Slot,
    fetched: Offset,
    /// It is read up to here before any event is.
    catch_up: Option<Offset>,
    active_at: WallTime,
}

#[derive(Default)]
pub struct Globals {
    tables: BTreeMap<NodeId, GlobalTable>,
    parts: Vec<Part>,
}

/// What [`Globals::read`] did.
pub struct Reading {
    pub records: usize,
    /// Everything that was there at the start is in.
    pub complete: bool,
}

impl Globals {
    /// The table of a node; it is one of the plan's.
    pub fn table(&self, id: NodeId) -> &GlobalTable {
        self.tables.get(&id).expect("every global table of the plan is here")
    }

    #[cfg(test)]
    pub fn insert(&mut self, id: NodeId, table: GlobalTable) {
        self.tables.insert(id, table);
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

    /// Begins anew: `given` are the partitions in their order, each with its slot and what the topic holds.
    pub fn begin(program: &Program, given: Vec<(Slot, OffsetRange)>, now: WallTime) -> Globals {
        let mut globals = Globals::default();
        for ((partition, node), (slot, range)) in Globals::partitions(program).into_iter().zip(given) {
            let NodeKind::Table(table) = &node.kind else { unreachable!("they are tables") };
            let needed = program.needed.columns(node);
            globals
                .tables
                .entry(node.id)
                .or_insert_with(|| GlobalTable::new(RowCodec::new(&node.schema, needed), table.key));
            let decoder =
                JsonDecoder::new(&node.schema, needed, Some(table.key), program.limits.record_bytes);
            let types = node.schema.columns.iter().map(|column| column.ty).collect();
            let malformed =
                Route { step: node.name.as_str().into(), line: node.line, word: "malformed", topic: None };
            let clock = SourceClock::new(Span::ZERO, None, None, now);
            let topic: Arc<str> = partition.topic.as_str().into();
            let input =
                TableInput::new(topic, partition.partition, decoder, table.key, types, malformed, clock);
            globals.parts.push(Part {
                table: node.id,
                partition,
                input,
                slot,
                fetched: range.start,
                catch_up: Some(range.end),
                active_at: now,
            });
        }
        globals
    }

    /// Takes in what has come.
    pub fn read<R: Reader>(
        &mut self,
        reader: &mut R,
        batch_records: usize,
        now: WallTime,
    ) -> Result<Reading, TaskError> {
        let mut records = 0;
        let mut complete = true;
        for part in &mut self.parts {
            let mut next = part.fetched;
            let input = &mut part.input;
            let count = reader.fetch(part.slot, batch_records, &mut |record| {
                next = Offset(record.offset.0 + 1);
                input.push(record);
            })?;
            if count > 0 {
                records += count;
                (part.fetched, part.active_at) = (next, now);
                for pending in part.input.finish(next, now)? {
                    let Pending::Rows(batch) = pending else { unreachable!("a table has rows") };
                    self.tables.get_mut(&part.table).expect("it is there").take(&batch);
                }
                if let Some(error) = part.input.first_reject() {
                    return Err(error);
                }
            }
            if part.catch_up.is_some_and(|end| part.fetched >= end || part.is_quiet_end(reader, now)) {
                part.catch_up = None;
            }
            complete &= part.catch_up.is_none();
        }
        Ok(Reading { records, complete })
    }
}

impl Part {
    /// Its end may be a transaction's markers, behind which nothing comes.
    fn is_quiet_end<R: Reader>(&mut self, reader: &mut R, now: WallTime) -> bool {
        if now.since(self.active_at) < QUIET {
            return false;
        }
        self.active_at = now;
        match reader.confirm_end(self.slot, ASK_WAIT) {
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
