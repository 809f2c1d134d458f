//! The transactional producer of one worker, and what is done about each way in which a commit can go wrong.

use crate::admin::Prepared;
use crate::client::{Client, Error, GroupMetadata, Kind, Produced, Topic};
use crate::rights::{self, Want};
use crate::settings::Settings;
use crate::trim::Trimmer;
use rdkafka::topic_partition_list::{Offset as ListOffset, TopicPartitionList};
use rdkafka::types::RDKafkaRespErr;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tidegate_engine::failpoint::Failpoint;
use tidegate_engine::log::{ChangelogEnd, CommitOutcome, Committed, LogError, Outgoing, TopicHandle, Writer};
use tidegate_engine::topics::InternalKind;
use tidegate_model::{Offset, PartitionId, TopicPartition};

const CALL: Duration = Duration::from_secs(10);
/// A commit is answered before its markers are written, and a producer whose next transaction registers its first partition meanwhile is
/// sent away and rests for 20 ms. So producers take turns.
const PRODUCERS: usize = 2;
const FLUSH: Duration = Duration::from_millis(500);
const ABORT: Duration = Duration::from_secs(15);
/// How long the thread that takes delivery reports waits before it looks whether it is to end.
const SERVE: Duration = Duration::from_millis(50);
/// Changes that are handed over at a time.
const BATCH_RECORDS: usize = 1024;
/// How long the send buffer is waited for at a time.
const FULL: Duration = Duration::from_millis(5);

pub struct KafkaWriter {
    /// They take turns; each has its own transactional id. Empty until the first `reset`.
    producers: Vec<Producer>,
    turn: usize,
    settings: Settings,
    worker: u32,
    /// Is every delivery reported? Without changelogs nobody asks for them.
    reports: bool,
    partitions: BTreeMap<String, u32>,
    internal: BTreeSet<String>,
    topics: Vec<Known>,
    in_transaction: bool,
    /// A record could not be taken at all: the transaction cannot be committed.
    refused: Option<String>,
    trimmer: Trimmer,
    now: NowMillis,
}

struct Known {
    name: String,
    partitions: u32,
    changelog: bool,
    /// Made by the topology: any timestamp is taken.
    internal: bool,
}

/// The wall clock: brokers refuse timestamps of the future.
type NowMillis = fn() -> i64;

/// A client with a thread that serves its callbacks.
struct Producer {
    // They go before the client that they belong to.
    topics: Vec<Topic>,
    client: Arc<Client>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Producer {
    fn new(settings: &Settings, name: &str, reports: bool) -> Result<Producer, LogError> {
        let client = Client::new(Kind::Producer, &settings.producer(name, reports), settings.tokens())
            .map_err(LogError::Fatal)?;
        let client = Arc::new(client);
        let stop = Arc::new(AtomicBool::new(false));
        let (polled, flag) = (Arc::clone(&client), Arc::clone(&stop));
        let thread = std::thread::Builder::new()
            .name("deliveries".to_owned())
            .spawn(move || {
                while !flag.load(Ordering::Relaxed) {
                    polled.serve_deliveries(SERVE);
                }
            })
            .map_err(|error| LogError::Fatal(error.to_string()))?;
        Ok(Producer { topics: Vec::new(), client, stop, thread: Some(thread) })
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl KafkaWriter {
    /// `known`: the topics that the plan names. Waits for the transaction
    /// coordinator, at most `timeout`; what an earlier process of the same instance left open is aborted.
    pub fn open(
        settings: &Settings,
        worker: u32,
        known: &Prepared,
        reports: bool,
        timeout: Duration,
    ) -> Result<KafkaWriter, LogError> {
        let repartitions = known.internal.iter().filter(|topic| topic.kind != InternalKind::Changelog);
        let repartitions = repartitions.map(|topic| topic.name.clone());
        let mut writer = KafkaWriter {
            producers: Vec::new(),
            turn: 0,
            settings: settings.clone(),
            worker,
            reports,
            partitions: known.partitions.clone(),
            internal: known.internal.iter().map(|topic| topic.name.clone()).collect(),
            topics: Vec::new(),
            in_transaction: false,
            refused: None,
            trimmer: Trimmer::new(settings, repartitions.collect()),
            now: wall_millis,
        };
        loop {
            match writer.reset(timeout) {
                Err(LogError::Retry(why)) => tracing::warn!("waiting for the transaction coordinator: {why}"),
                Err(error) => return Err(error),
                Ok(()) => return Ok(writer),
            }
        }
    }

    /// The producer whose turn it is.
    fn producer(&self) -> &Producer {
        &self.producers[self.turn]
    }

    fn client(&self) -> &Client {
        &self.producer().client
    }

    fn next_turn(&mut self) {
        self.in_transaction = false;
        self.turn = (self.turn + 1) % self.producers.len();
    }

    fn begin(&mut self) -> Result<(), LogError> {
        if self.in_transaction {
            return Ok(());
        }
        let callbacks = self.client().callbacks();
        let mut deliveries = callbacks.deliveries.lock().expect("no holder of this lock panics");
        deliveries.ends.clear();
        deliveries.failure = None;
        drop(deliveries);
        // A request that was never answered may still be on its way, and could end the next transaction (KIP-890), unless its epoch is over.
        if self.client().callbacks().unanswered.load(Ordering::SeqCst) && !Failpoint::ProducerKept.fails() {
            tracing::info!("a request of the last transaction was not answered: the producers are made anew");
            self.reset_until(CALL * 6)?;
        }
        match self.client().begin_transaction() {
            Ok(()) => {}
            Err(error) if error.fatal => {
                tracing::warn!("the producer is made anew: {error}");
                self.reset_until(CALL * 6)?;
                self.client().begin_transaction().map_err(|error| LogError::Fatal(error.to_string()))?;
            }
            Err(error) => return Err(LogError::Fatal(format!("a transaction could not be begun: {error}"))),
        }
        self.in_transaction = true;
        Failpoint::CommitBegun.pass();
        Ok(())
    }

    fn reset_until(&mut self, timeout: Duration) -> Result<(), LogError> {
        loop {
            match self.reset(timeout) {
                Err(LogError::Retry(why)) => tracing::warn!("waiting for the transaction coordinator: {why}"),
                other => return other,
            }
        }
    }

    /// Somebody waits for an answer, and may not be served by the group meanwhile.
    fn tell_if_away(&self) {
        if self.client().callbacks().unreachable.swap(false, Ordering::SeqCst) {
            tracing::warn!("no broker can be reached; what was done waits for its commit");
        }
    }

    /// Everything that was sent has arrived, or the reason why not.
    fn drain(&mut self) -> Result<(), Error> {
        let client = self.client();
        loop {
            let failure =
                client.callbacks().deliveries.lock().expect("no holder of this lock panics").failure.clone();
            if let Some(mut error) = failure {
                error.abort = true;
                return Err(error);
            }
            if let Some(error) = client.fatal_error() {
                return Err(error);
            }
            match client.flush(FLUSH) {
                Ok(()) => break,
                Err(error) if error.code == RDKafkaRespErr::RD_KAFKA_RESP_ERR__TIMED_OUT => {
                    self.tell_if_away()
                }
                Err(error) => return Err(error),
            }
        }
        match client.callbacks().deliveries.lock().expect("no holder of this lock panics").failure.clone() {
            None if Failpoint::CommitDrained.fails() => {
                Err(Error { abort: true, ..Error::of_code(RDKafkaRespErr::RD_KAFKA_RESP_ERR__MSG_TIMED_OUT) })
            }
            None => Ok(()),
            Some(mut error) => {
                error.abort = true;
                Err(error)
            }
        }
    }

    fn try_commit(&mut self, group: &GroupMetadata, offsets: &TopicPartitionList) -> Result<(), Error> {
        if let Err(error) = self.drain() {
            // What was purged was purged for a reason, which the next call tells.
            let cause = is_purged(&error).then(|| self.client().send_offsets(offsets, group, CALL).err());
            return Err(cause.flatten().map_or(error, |cause| Error { abort: true, ..cause }));
        }
        let mut left = 6;
        loop {
            match self.client().send_offsets(offsets, group, CALL) {
                Ok(()) => break,
                // The same call may be made again, with the same offsets.
                Err(error) if error.retriable && !error.abort && !error.fatal && left > 0 => {
                    self.tell_if_away();
                    left -= 1;
                }
                Err(error) => return Err(error),
            }
        }
        if Failpoint::CommitOffsets.fails() {
            return Err(Error::of_code(RDKafkaRespErr::RD_KAFKA_RESP_ERR__TIMED_OUT));
        }
        let mut left = 6;
        loop {
            match self.client().commit_transaction() {
                Ok(()) if Failpoint::CommitAnswered.fails() => {
                    return Err(Error::of_code(RDKafkaRespErr::RD_KAFKA_RESP_ERR__TIMED_OUT));
                }
                Ok(()) => return Ok(()),
                Err(error) if error.retriable && !error.abort && !error.fatal && left > 0 => {
                    self.tell_if_away();
                    left -= 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn settle(&mut self, error: &Error) -> CommitOutcome {
        let why = match error.code {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED => {
                format!("{error}; {}", rights::missing(Want::Join, self.settings.group()))
            }
            // Of the record that was refused itself, the topic is known.
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
                if !error.message.contains("is missing") =>
            {
                let any = format!("{}.* (or on one that a sink or a route names)", self.settings.group());
                format!("{error}; {}", rights::missing(Want::Write, &any))
            }
            _ => error.to_string(),
        };
        if error.abort && !error.fatal {
            return match self.abort() {
                CommitOutcome::Aborted { .. } if is_final(error.code) => CommitOutcome::Rejected { why },
                CommitOutcome::Aborted { .. } => CommitOutcome::Aborted { why },
                other => other,
            };
        }
        self.in_transaction = false;
        CommitOutcome::Unknown { why }
    }

    /// A record of `bytes` bytes did not go into the send buffer. Ok: try again, unless the transaction is `refused` now. `alone`: nothing else
    /// was in the buffer when it was tried.
    fn not_taken(
        &mut self,
        error: &Error,
        topic: usize,
        bytes: usize,
        alone: &mut bool,
    ) -> Result<(), LogError> {
        match error.code {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__QUEUE_FULL if *alone => {
                return Err(LogError::Rejected(format!(
                    "a record of {bytes} bytes for {} is larger than all that may wait to be sent; give more with --memory, or set `queue.buffering.max.kbytes` (--kafka)",
                    self.topics[topic].name
                )));
            }
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__QUEUE_FULL => {
                // Times out as long as anything is on its way, which is the wait that is wanted.
                *alone = self.client().flush(FULL).is_ok();
            }
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE => {
                return Err(LogError::Rejected(format!(
                    "a record of {bytes} bytes for {} is larger than `message.max.bytes`",
                    self.topics[topic].name
                )));
            }
            // The transaction has failed already; the commit tells what became of it.
            _ => {
                self.refused =
                    Some(format!("a record for {} was not taken: {error}", self.topics[topic].name));
            }
        }
        Ok(())
    }

    fn changelog_ends(&self) -> Vec<ChangelogEnd> {
        let deliveries = self.client().callbacks().deliveries.lock().expect("no holder of this lock panics");
        let ends = deliveries.ends.iter().map(|((report, partition), next)| ChangelogEnd {
            topic: TopicHandle(report - 1),
            partition: PartitionId(*partition),
            next: Offset(*next),
        });
        ends.collect()
    }
}

impl Writer for KafkaWriter {
    type Group = GroupMetadata;

    fn topic(&mut self, name: &str, changelog: bool) -> Result<TopicHandle, LogError> {
        if let Some(index) = self.topics.iter().position(|topic| topic.name == name) {
            return Ok(TopicHandle(index as u32));
        }
        let partitions = *self
            .partitions
            .get(name)
            .ok_or_else(|| LogError::Fatal(format!("the topic {name} was not looked up before the start")))?;
        assert!(!changelog || self.reports, "a changelog's ends are known from delivery reports");
        for producer in &mut self.producers {
            let topic = producer.client.topic(name);
            producer.topics.push(topic);
        }
        let internal = self.internal.contains(name);
        self.topics.push(Known { name: name.to_owned(), partitions, changelog, internal });
        Ok(TopicHandle(self.topics.len() as u32 - 1))
    }

    fn partitions(&self, topic: TopicHandle) -> u32 {
        self.topics[topic.0 as usize].partitions
    }

    fn send(&mut self, record: Outgoing<'_>) -> Result<(), LogError> {
        self.begin()?;
        if self.refused.is_some() {
            return Ok(());
        }
        let index = record.topic.0 as usize;
        let topic = &self.topics[index];
        let mut timestamp_ms = record.timestamp.millis().max(0);
        if !topic.internal {
            timestamp_ms = timestamp_ms.min((self.now)());
        }
        let produced = Produced {
            partition: record.partition,
            timestamp_ms,
            key: record.key,
            value: record.value,
            headers: record.headers,
            report: if topic.changelog { record.topic.0 + 1 } else { 0 },
        };
        let mut alone = false;
        loop {
            match self.client().produce(&self.producer().topics[index], &produced) {
                Ok(()) => return Ok(()),
                Err(error) => {
                    let bytes = record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len);
                    self.not_taken(&error, index, bytes, &mut alone)?;
                }
            }
            if self.refused.is_some() {
                return Ok(());
            }
        }
    }

    fn send_changelog(
        &mut self,
        topic: TopicHandle,
        partition: PartitionId,
        changes: &mut dyn Iterator<Item = (&[u8], Option<&[u8]>)>,
    ) -> Result<(), LogError> {
        self.begin()?;
        let index = topic.0 as usize;
        assert!(self.topics[index].changelog, "changes go to a changelog");
        let mut batch: Vec<(&[u8], Option<&[u8]>)> = Vec::with_capacity(BATCH_RECORDS);
        let mut alone = false;
        loop {
            batch.extend(changes.take(BATCH_RECORDS - batch.len()));
            if batch.is_empty() || self.refused.is_some() {
                return Ok(());
            }
            let sent =
                self.client().produce_batch(&self.producer().topics[index], partition, topic.0 + 1, &batch);
            let (taken, error) = sent;
            alone &= taken == 0;
            if let Some(error) = error {
                let (key, value) = batch[taken];
                self.not_taken(&error, index, key.len() + value.map_or(0, <[u8]>::len), &mut alone)?;
            }
            batch.drain(..taken);
        }
    }

    fn commit(&mut self, group: &GroupMetadata, offsets: &[(TopicPartition, Committed)]) -> CommitOutcome {
        if let Err(error) = self.begin() {
            return CommitOutcome::Unknown { why: error.to_string() };
        }
        if let Some(why) = self.refused.take() {
            return match self.abort() {
                CommitOutcome::Aborted { .. } => CommitOutcome::Aborted { why },
                other => other,
            };
        }
        assert!(!offsets.is_empty(), "an empty list of offsets would not fence");
        let mut list = TopicPartitionList::new();
        for (partition, committed) in offsets {
            list.add_partition(&partition.topic, partition.partition.0);
            let mut element =
                list.find_partition(&partition.topic, partition.partition.0).expect("added just now");
            element.set_offset(ListOffset::Offset(committed.next.0)).expect("a next offset is not negative");
            element.set_metadata(&committed.metadata);
        }
        match self.try_commit(group, &list) {
            Ok(()) => {
                for (partition, committed) in offsets {
                    self.trimmer.note(partition, committed.next);
                }
                let ends = self.changelog_ends();
                self.next_turn();
                CommitOutcome::Committed(ends)
            }
            Err(error) => self.settle(&error),
        }
    }

    fn abort(&mut self) -> CommitOutcome {
        self.refused = None;
        if !self.in_transaction {
            return CommitOutcome::Aborted { why: "given up".to_owned() };
        }
        self.tell_if_away();
        let result = match Failpoint::AbortBegun.fails() {
            true => Err(Error::of_code(RDKafkaRespErr::RD_KAFKA_RESP_ERR__TIMED_OUT)),
            false => self.client().abort_transaction(ABORT),
        };
        Failpoint::AbortDone.pass();
        self.next_turn();
        match result {
            Ok(()) => CommitOutcome::Aborted { why: "given up".to_owned() },
            Err(error) => CommitOutcome::Unknown { why: format!("the abort failed: {error}") },
        }
    }

    fn reset(&mut self, timeout: Duration) -> Result<(), LogError> {
        self.in_transaction = false;
        self.refused = None;
        self.producers.clear();
        self.turn = 0;
        if Failpoint::ResetBegun.fails() {
            return Err(LogError::Retry("a failpoint has the coordinator away".to_owned()));
        }
        let mut producers = Vec::new();
        for number in 0..PRODUCERS {
            let name = format!("{}-{number}", self.worker);
            let mut producer = Producer::new(&self.settings, &name, self.reports)?;
            producer
                .client
                .init_transactions(timeout)
                .map_err(|error| not_initialized(&error, &self.settings.transactional_id(&name)))?;
            producer.client.callbacks().unanswered.store(false, Ordering::SeqCst);
            producer.topics = self.topics.iter().map(|topic| producer.client.topic(&topic.name)).collect();
            producers.push(producer);
            Failpoint::ResetHalf.pass();
        }
        Failpoint::ResetDone.pass();
        self.producers = producers;
        Ok(())
    }

    /// Compaction does this on Kafka.
    fn trim_changelog(&mut self, _topic: TopicHandle, _partition: PartitionId, _next: Offset) {}
}

/// Was it thrown away because the transaction had failed before? It is not the cause.
fn is_purged(error: &Error) -> bool {
    use RDKafkaRespErr as Code;
    matches!(error.code, Code::RD_KAFKA_RESP_ERR__PURGE_QUEUE | Code::RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
}

/// Would the same records be refused again?
fn is_final(code: RDKafkaRespErr) -> bool {
    use RDKafkaRespErr as Code;
    matches!(
        code,
        Code::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE
            | Code::RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE
            | Code::RD_KAFKA_RESP_ERR_INVALID_RECORD
            | Code::RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP
            | Code::RD_KAFKA_RESP_ERR_POLICY_VIOLATION
            | Code::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
            | Code::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED
    )
}

fn not_initialized(error: &Error, id: &str) -> LogError {
    use RDKafkaRespErr as Code;
    match error.code {
        Code::RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED => {
            LogError::Fatal(format!("transactions cannot be used: {}", rights::missing(Want::Transact, id)))
        }
        Code::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED
        | Code::RD_KAFKA_RESP_ERR__AUTHENTICATION
        | Code::RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE
        | Code::RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT => {
            LogError::Fatal(format!("transactions cannot be used: {error}"))
        }
        _ => LogError::Retry(error.to_string()),
    }
}

#[expect(clippy::disallowed_methods, reason = "brokers refuse record timestamps that lie in their future")]
fn wall_millis() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}
