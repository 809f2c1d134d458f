//! The partitions, and what is known of them.

use crate::reader::EmbeddedReader;
use crate::record::{decode_owned, encode};
use crate::restorer::EmbeddedRestorer;
use crate::writer::EmbeddedWriter;
use rocksdb::{
    BlockBasedOptions, Cache, DB, DBCompressionType, Env, IteratorMode, Options, ReadOptions, WriteBatch,
    WriteOptions,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;
use tidegate_engine::log::{Committed, LogError, OffsetRange, Outgoing, OwnedRecord};
use tidegate_engine::topics::{InternalKind, internal_topics, user_topics};
use tidegate_model::plan::Plan;
use tidegate_model::{EventTime, Offset, PartitionId, TopicPartition};

/// Who owns a topic decides what may be forgotten.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TopicKind {
    /// Kept for ever.
    User,
    /// A repartition or an outbox: forgotten behind what its reader has committed.
    Repartition,
    /// Forgotten behind what its store holds.
    Changelog,
}

impl TopicKind {
    fn byte(self) -> u8 {
        match self {
            TopicKind::User => 0,
            TopicKind::Repartition => 1,
            TopicKind::Changelog => 2,
        }
    }

    fn from_byte(byte: u8) -> Option<TopicKind> {
        [TopicKind::User, TopicKind::Repartition, TopicKind::Changelog]
            .into_iter()
            .find(|kind| kind.byte() == byte)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Topic {
    pub(crate) id: u32,
    pub(crate) partitions: u32,
    pub(crate) kind: TopicKind,
}

#[derive(Default)]
struct State {
    topics: BTreeMap<String, Topic>,
    /// (topic id, partition) to the first offset that is there and the one behind the last.
    ranges: BTreeMap<(u32, i32), OffsetRange>,
    ended: BTreeSet<String>,
    /// Counts commits, so that a reader can tell whether anything happened.
    version: u64,
}

pub struct EmbeddedLog {
    db: DB,
    state: Mutex<State>,
    changed: Condvar,
    /// Who has committed what, by (group, topic, partition): kept in the database, cached nowhere.
    _env: Option<Env>,
}

type Entry = (Box<[u8]>, Box<[u8]>);

const TOPIC: u8 = b't';
const RECORD: u8 = b'r';
const START: u8 = b's';
const COMMITTED: u8 = b'c';
const NOTE: u8 = b'n';
const ENDED: u8 = b'e';

pub(crate) fn fatal(cause: &rocksdb::Error) -> LogError {
    LogError::Fatal(format!("the embedded log: {cause}"))
}

fn name_key(kind: u8, name: &str) -> Vec<u8> {
    let mut key = vec![kind];
    key.extend_from_slice(name.as_bytes());
    key
}

pub(crate) fn record_key(topic: u32, partition: PartitionId, offset: Offset) -> [u8; 17] {
    let mut key = [0; 17];
    key[0] = RECORD;
    key[1..5].copy_from_slice(&topic.to_be_bytes());
    key[5..9].copy_from_slice(&(partition.0 as u32).to_be_bytes());
    key[9..].copy_from_slice(&(offset.0 as u64).to_be_bytes());
    key
}

fn start_key(topic: u32, partition: PartitionId) -> Vec<u8> {
    let mut key = vec![START];
    key.extend_from_slice(&topic.to_be_bytes());
    key.extend_from_slice(&(partition.0 as u32).to_be_bytes());
    key
}

fn committed_key(group: &str, partition: &TopicPartition) -> Vec<u8> {
    name_key(COMMITTED, &format!("{group}\0{}\0{}", partition.topic, partition.partition.0))
}

impl EmbeddedLog {
    /// Opens the log in `dir`, or makes it. Only one process can.
    pub fn open(dir: &Path) -> Result<Arc<EmbeddedLog>, LogError> {
        std::fs::create_dir_all(dir)
            .map_err(|cause| LogError::Fatal(format!("{}: {cause}", dir.display())))?;
        let db = DB::open(&options(), dir).map_err(|cause| {
            let text = cause.to_string();
            // Paths may have the word in them, too.
            if text.contains("While lock file") || text.contains("lock hold by current process") {
                LogError::Fatal(format!(
                    "{} is in use by another process; give each process its own `--data` directory",
                    dir.display()
                ))
            } else {
                LogError::Fatal(format!("{}: {text}", dir.display()))
            }
        })?;
        EmbeddedLog::start(db, None)
    }

    /// A log that lives in memory and goes with the process.
    pub fn in_memory() -> Result<Arc<EmbeddedLog>, LogError> {
        let env = Env::mem_env().map_err(|cause| fatal(&cause))?;
        let mut options = options();
        options.set_env(&env);
        let db = DB::open(&options, "/tidegate").map_err(|cause| fatal(&cause))?;
        EmbeddedLog::start(db, Some(env))
    }

    fn start(db: DB, env: Option<Env>) -> Result<Arc<EmbeddedLog>, LogError> {
        let log = EmbeddedLog { db, state: Mutex::new(State::default()), changed: Condvar::new(), _env: env };
        log.load()?;
        Ok(Arc::new(log))
    }

    fn load(&self) -> Result<(), LogError> {
        let mut state = self.lock();
        for (key, value) in self.entries(&[TOPIC])? {
            let name = String::from_utf8_lossy(&key[1..]).into_owned();
            let topic = <[u8; 9]>::try_from(&value[..]).ok().and_then(|bytes| {
                Some(Topic {
                    id: u32::from_be_bytes(bytes[..4].try_into().ok()?),
                    partitions: u32::from_be_bytes(bytes[4..8].try_into().ok()?),
                    kind: TopicKind::from_byte(bytes[8])?,
                })
            });
            let topic = topic
                .ok_or_else(|| LogError::Fatal(format!("the embedded log: topic {name} cannot be read")))?;
            for partition in (0..topic.partitions as i32).map(PartitionId) {
                let range = self.stored_range(topic.id, partition)?;
                state.ranges.insert((topic.id, partition.0), range);
            }
            state.topics.insert(name, topic);
        }
        for (key, _) in self.entries(&[ENDED])? {
            state.ended.insert(String::from_utf8_lossy(&key[1..]).into_owned());
        }
        Ok(())
    }

    fn entries(&self, prefix: &[u8]) -> Result<Vec<Entry>, LogError> {
        let mut options = ReadOptions::default();
        let mut end = prefix.to_vec();
        *end.last_mut().expect("a prefix has a byte") += 1;
        options.set_iterate_upper_bound(end);
        let from = IteratorMode::From(prefix, rocksdb::Direction::Forward);
        self.db.iterator_opt(from, options).map(|entry| entry.map_err(|cause| fatal(&cause))).collect()
    }

    fn stored_range(&self, topic: u32, partition: PartitionId) -> Result<OffsetRange, LogError> {
        let start = self.db.get(start_key(topic, partition)).map_err(|cause| fatal(&cause))?;
        let start =
            start.and_then(|bytes| <[u8; 8]>::try_from(&bytes[..]).ok()).map_or(0, i64::from_be_bytes);
        let behind = record_key(topic, partition, Offset(i64::MAX));
        let last = self.db.iterator(IteratorMode::From(&behind, rocksdb::Direction::Reverse)).next();
        let end = match last {
            Some(entry) => {
                let (key, _) = entry.map_err(|cause| fatal(&cause))?;
                let own = record_key(topic, partition, Offset(0));
                match key.get(9..17) {
                    Some(offset) if key[..9] == own[..9] => {
                        i64::from_be_bytes(offset.try_into().expect("eight bytes")) + 1
                    }
                    _ => start,
                }
            }
            None => start,
        };
        Ok(OffsetRange { start: Offset(start), end: Offset(end.max(start)) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }

    /// Makes a topic; one that is there must have as many partitions.
    pub fn create_topic(&self, name: &str, partitions: u32, kind: TopicKind) -> Result<(), LogError> {
        assert!(partitions > 0, "a topic has a partition");
        let mut state = self.lock();
        if let Some(topic) = state.topics.get(name) {
            if topic.partitions == partitions {
                return Ok(());
            }
            return Err(LogError::Fatal(format!(
                "topic {name} has {} partitions, and {partitions} are asked for; use the number it has, or another `--data` directory",
                topic.partitions
            )));
        }
        let id = state.topics.values().map(|topic| topic.id + 1).max().unwrap_or(0);
        let mut value = id.to_be_bytes().to_vec();
        value.extend_from_slice(&partitions.to_be_bytes());
        value.push(kind.byte());
        self.db.put(name_key(TOPIC, name), value).map_err(|cause| fatal(&cause))?;
        for partition in 0..partitions as i32 {
            state.ranges.insert((id, partition), OffsetRange { start: Offset(0), end: Offset(0) });
        }
        state.topics.insert(name.to_owned(), Topic { id, partitions, kind });
        Ok(())
    }

    /// Makes every topic of a plan: the user's with `partitions` partitions, and the internal ones.
    pub fn create_topics(&self, plan: &Plan, partitions: u32) -> Result<(), LogError> {
        for topic in user_topics(plan) {
            self.create_topic(&topic.name, partitions, TopicKind::User)?;
        }
        let internal = internal_topics(plan, &|_| partitions).expect("all have equally many partitions");
        for topic in internal {
            let kind = match topic.kind {
                InternalKind::Repartition | InternalKind::Outbox => TopicKind::Repartition,
                InternalKind::Changelog => TopicKind::Changelog,
            };
            self.create_topic(&topic.name, topic.partitions, kind)?;
        }
        Ok(())
    }

    /// How many partitions a topic has; None: there is no such topic.
    pub fn partitions(&self, name: &str) -> Option<u32> {
        self.lock().topics.get(name).map(|topic| topic.partitions)
    }

    pub(crate) fn topic(&self, name: &str) -> Result<Topic, LogError> {
        let topic = self.lock().topics.get(name).cloned();
        topic.ok_or_else(|| LogError::Fatal(format!("there is no topic {name} in the embedded log")))
    }

    pub(crate) fn range_of(&self, topic: u32, partition: PartitionId) -> OffsetRange {
        *self.lock().ranges.get(&(topic, partition.0)).expect("only partitions that exist are asked for")
    }

    pub fn range(&self, partition: &TopicPartition) -> Result<OffsetRange, LogError> {
        let topic = self.topic(&partition.topic)?;
        if partition.partition.0 < 0 || partition.partition.0 as u32 >= topic.partitions {
            return Err(LogError::Fatal(format!("there is no partition {partition} in the embedded log")));
        }
        Ok(self.range_of(topic.id, partition.partition))
    }

    /// Appends records of an input, together with a note about how far the input was read.
    pub fn append(
        &self,
        topic: &str,
        records: &[(PartitionId, EventTime, Option<Vec<u8>>, Option<Vec<u8>>)],
        note: Option<(&str, &[u8])>,
    ) -> Result<(), LogError> {
        let topic = self.topic(topic)?;
        let mut transaction = Transaction::default();
        for (partition, timestamp, key, value) in records {
            transaction.push(topic.id, *partition, *timestamp, key.as_deref(), value.as_deref(), &[]);
        }
        // A commit that is built on these records syncs them too, since it is written behind them.
        self.write(&transaction, false, |batch| {
            if let Some((name, content)) = note {
                batch.put(name_key(NOTE, name), content);
            }
        })?;
        Ok(())
    }

    /// A note that was written with [`EmbeddedLog::append`] or [`EmbeddedLog::set_note`].
    pub fn note(&self, name: &str) -> Result<Option<Vec<u8>>, LogError> {
        self.db.get(name_key(NOTE, name)).map_err(|cause| fatal(&cause))
    }

    pub fn set_note(&self, name: &str, content: &[u8]) -> Result<(), LogError> {
        self.db.put(name_key(NOTE, name), content).map_err(|cause| fatal(&cause))
    }

    /// Says that a topic is a finite input, and that all of it is there.
    pub fn finish(&self, topic: &str) -> Result<(), LogError> {
        self.db.put(name_key(ENDED, topic), b"").map_err(|cause| fatal(&cause))?;
        let mut state = self.lock();
        state.ended.insert(topic.to_owned());
        state.version += 1;
        drop(state);
        self.changed.notify_all();
        Ok(())
    }

    /// More may come after all.
    pub fn unfinish(&self, topic: &str) -> Result<(), LogError> {
        self.db.delete(name_key(ENDED, topic)).map_err(|cause| fatal(&cause))?;
        self.lock().ended.remove(topic);
        Ok(())
    }

    pub(crate) fn is_ended(&self, partition: &TopicPartition, next: Offset) -> bool {
        let state = self.lock();
        let Some(topic) = state.topics.get(&partition.topic) else { return false };
        let end = state.ranges[&(topic.id, partition.partition.0)].end;
        state.ended.contains(&partition.topic) && next >= end
    }

    /// Committed records of a partition, headers included.
    pub fn read(
        &self,
        partition: &TopicPartition,
        from: Offset,
        max: usize,
    ) -> Result<Vec<OwnedRecord>, LogError> {
        let topic = self.topic(&partition.topic)?;
        let mut records = Vec::new();
        self.scan(topic.id, partition.partition, from, max, &mut |offset, bytes| {
            records.push(decode_owned(offset, bytes));
        })?;
        records.into_iter().collect::<Option<_>>().ok_or_else(|| corrupt(partition))
    }

    pub(crate) fn scan(
        &self,
        topic: u32,
        partition: PartitionId,
        from: Offset,
        max: usize,
        visit: &mut dyn FnMut(Offset, &[u8]),
    ) -> Result<usize, LogError> {
        let end = self.range_of(topic, partition).end;
        if from >= end {
            return Ok(0);
        }
        let mut options = ReadOptions::default();
        options.set_iterate_upper_bound(record_key(topic, partition, end));
        let mut iterator = self.db.raw_iterator_opt(options);
        iterator.seek(record_key(topic, partition, from));
        let mut count = 0;
        while count < max {
            let Some((key, value)) = iterator.item() else { break };
            let offset = key[9..17].try_into().map(i64::from_be_bytes).expect("a record's key has 17 bytes");
            visit(Offset(offset), value);
            count += 1;
            iterator.next();
        }
        iterator.status().map_err(|cause| fatal(&cause))?;
        Ok(count)
    }

    pub(crate) fn committed(
        &self,
        group: &str,
        partition: &TopicPartition,
    ) -> Result<Option<Committed>, LogError> {
        let bytes = self.db.get(committed_key(group, partition)).map_err(|cause| fatal(&cause))?;
        Ok(bytes.and_then(|bytes| {
            let (next, metadata) = bytes.split_first_chunk::<8>()?;
            let metadata = String::from_utf8(metadata.to_vec()).ok()?;
            Some(Committed { next: Offset(i64::from_be_bytes(*next)), metadata })
        }))
    }

    /// Writes a transaction: records get the next offsets of their partitions. Returns the new ends.
    pub(crate) fn commit(
        &self,
        group: &str,
        transaction: &Transaction,
        offsets: &[(TopicPartition, Committed)],
    ) -> Result<BTreeMap<(u32, i32), Offset>, LogError> {
        let ends = self.write(transaction, true, |batch| {
            for (partition, committed) in offsets {
                let mut value = committed.next.0.to_be_bytes().to_vec();
                value.extend_from_slice(committed.metadata.as_bytes());
                batch.put(committed_key(group, partition), value);
            }
        })?;
        for (partition, committed) in offsets {
            let topic = self.topic(&partition.topic)?;
            if topic.kind == TopicKind::Repartition {
                self.forget_before(topic.id, partition.partition, committed.next)?;
            }
        }
        Ok(ends)
    }

    fn write(
        &self,
        transaction: &Transaction,
        sync: bool,
        more: impl FnOnce(&mut WriteBatch),
    ) -> Result<BTreeMap<(u32, i32), Offset>, LogError> {
        let mut state = self.lock();
        let mut batch = WriteBatch::default();
        let mut ends: BTreeMap<(u32, i32), Offset> = BTreeMap::new();
        for (topic, partition, bytes) in transaction.records() {
            let place = (topic, partition.0);
            let next = *ends.entry(place).or_insert_with(|| state.ranges[&place].end);
            batch.put(record_key(topic, partition, next), bytes);
            ends.insert(place, Offset(next.0 + 1));
        }
        more(&mut batch);
        let mut options = WriteOptions::default();
        options.set_sync(sync);
        self.db.write_opt(batch, &options).map_err(|cause| fatal(&cause))?;
        for (place, end) in &ends {
            state.ranges.get_mut(place).expect("the partition exists").end = *end;
        }
        state.version += 1;
        drop(state);
        self.changed.notify_all();
        Ok(ends)
    }

    /// Forgets records that nobody will read again. Rarely, since each time leaves a mark in the database.
    pub(crate) fn forget_before(
        &self,
        topic: u32,
        partition: PartitionId,
        next: Offset,
    ) -> Result<(), LogError> {
        const RECORDS_MIN: i64 = 10_000;
        let mut state = self.lock();
        let range = state.ranges.get_mut(&(topic, partition.0)).expect("the partition exists");
        if next.0 - range.start.0 < RECORDS_MIN || next > range.end {
            return Ok(());
        }
        let from = record_key(topic, partition, range.start);
        // The last record stays, so that the end can be found when the log is opened.
        let keep = Offset(next.0.min(range.end.0 - 1));
        let mut batch = WriteBatch::default();
        batch.delete_range(&from[..], &record_key(topic, partition, keep)[..]);
        batch.put(start_key(topic, partition), keep.0.to_be_bytes());
        self.db.write(batch).map_err(|cause| fatal(&cause))?;
        range.start = keep;
        Ok(())
    }

    pub(crate) fn version(&self) -> u64 {
        self.lock().version
    }

    /// Waits until something was written since `version`, at most `timeout`.
    pub(crate) fn wait(&self, version: u64, timeout: Duration) {
        let state = self.lock();
        let unchanged = |state: &mut State| state.version == version;
        drop(
            self.changed
                .wait_timeout_while(state, timeout, unchanged)
                .expect("no holder of this lock panics"),
        );
    }

    /// The reading side of one worker. Partition p of every topic is worker p mod `workers`'s.
    pub fn reader(
        self: &Arc<Self>,
        group: &str,
        topics: &[String],
        worker: u32,
        workers: u32,
    ) -> EmbeddedReader {
        EmbeddedReader::new(Arc::clone(self), group, topics, worker, workers)
    }

    pub fn writer(self: &Arc<Self>, group: &str) -> EmbeddedWriter {
        EmbeddedWriter::new(Arc::clone(self), group)
    }

    pub fn restorer(self: &Arc<Self>) -> EmbeddedRestorer {
        EmbeddedRestorer::new(Arc::clone(self))
    }
}

pub(crate) fn corrupt(partition: &TopicPartition) -> LogError {
    LogError::Fatal(format!("the embedded log: a record of {partition} cannot be read"))
}

/// Of the records that were written last: one of two is filled while the other is written to its file.
const WRITE_BUFFER_BYTES: usize = 16 << 20;
/// Each record is read once or twice, in order.
const BLOCK_CACHE_BYTES: usize = 4 << 20;

fn options() -> Options {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.set_write_buffer_size(WRITE_BUFFER_BYTES);
    options.set_max_write_buffer_number(2);
    let mut blocks = BlockBasedOptions::default();
    blocks.set_block_cache(&Cache::new_lru_cache(BLOCK_CACHE_BYTES));
    options.set_block_based_table_factory(&blocks);
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_max_background_jobs(2);
    options.set_keep_log_file_num(2);
    options.set_max_open_files(256);
    options
}

/// Of the memory of a large transaction so much is kept for the next ones.
const KEPT_BYTES: usize = 8 << 20;

/// Records that wait for their commit.
#[derive(Default)]
pub(crate) struct Transaction {
    bytes: Vec<u8>,
    entries: Vec<(u32, PartitionId, usize)>,
}

impl Transaction {
    pub(crate) fn push(
        &mut self,
        topic: u32,
        partition: PartitionId,
        timestamp: EventTime,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[(&str, &[u8])],
    ) {
        encode(timestamp, key, value, headers, &mut self.bytes);
        self.entries.push((topic, partition, self.bytes.len()));
    }

    pub(crate) fn take(&mut self, topic: u32, record: &Outgoing<'_>) {
        self.push(topic, record.partition, record.timestamp, record.key, record.value, record.headers);
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    fn records(&self) -> impl Iterator<Item = (u32, PartitionId, &[u8])> {
        let mut start = 0;
        self.entries.iter().map(move |(topic, partition, end)| {
            let bytes = &self.bytes[start..*end];
            start = *end;
            (*topic, *partition, bytes)
        })
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_BYTES);
        self.entries.clear();
    }
}
