//! A member of the consumer group: one librdkafka consumer, and one queue for each assigned partition.

use crate::client::{Client, Error, Given, GroupMetadata, Kind, Queue, Rebalance, Signal};
use crate::end::EndFinder;
use crate::rights::{self, Want};
use crate::settings::Settings;
use crate::token::Tokens;
use rdkafka::config::ClientConfig;
use rdkafka::topic_partition_list::{Offset as ListOffset, TopicPartitionList};
use rdkafka::types::RDKafkaRespErr;
use std::collections::VecDeque;
use std::ffi::CString;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tidegate_engine::log::{Committed, GroupEvent, LogError, OffsetRange, Reader, Record, Slot};
use tidegate_model::{Offset, TopicPartition};

pub struct KafkaReader {
    // Queues are destroyed before the client that they belong to: fields are dropped in this order.
    slots: Vec<Assigned>,
    main: Option<Queue>,
    client: Client,
    member: ClientConfig,
    topics: Vec<String>,
    tokens: Option<Arc<Tokens>>,
    observer: Client,
    signal: Signal,
    events: VecDeque<GroupEvent>,
    /// When this member was fenced, the last times.
    fenced: VecDeque<Instant>,
    /// A fenced client took its assignment along: there is nothing to be given back.
    took_assignment: bool,
    /// When a question about a partition's end had no answer.
    unanswered: Option<Instant>,
    ends: EndFinder,
    closed: bool,
}

/// After a question without an answer none is asked for so long.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// So often within this time a fenced member joins again. More often: another process goes by the same name.
const REJOINS_MAX: usize = 3;
const REJOINS_WITHIN: Duration = Duration::from_secs(300);

struct Assigned {
    partition: TopicPartition,
    topic: CString,
    queue: Queue,
    /// For asking where the partition is: one element.
    place: TopicPartitionList,
    next: Offset,
    /// Behind the last record, where `next` may be behind transaction markers, too.
    read: Offset,
}

impl KafkaReader {
    /// Joins the group for `topics`, which must be there.
    pub fn join(settings: &Settings, worker: u32, topics: &[String]) -> Result<KafkaReader, LogError> {
        let member = settings.member(worker);
        let observer =
            Client::new(Kind::Consumer, &settings.observer(), settings.tokens()).map_err(LogError::Fatal)?;
        let signal = Signal::new().map_err(LogError::Fatal)?;
        let (client, main) = subscribe(&member, topics, &signal, settings.tokens())?;
        Ok(KafkaReader {
            slots: Vec::new(),
            main,
            client,
            member,
            topics: topics.to_vec(),
            tokens: settings.tokens().cloned(),
            observer,
            signal,
            events: VecDeque::new(),
            fenced: VecDeque::new(),
            took_assignment: false,
            unanswered: None,
            ends: EndFinder::new(settings),
            closed: false,
        })
    }

    fn group_id(&self) -> &str {
        self.member.get("group.id").unwrap_or_default()
    }

    fn asked(&self, error: &Error, what: &str) -> LogError {
        match classify(error, what, self.group_id()) {
            Err(fatal) => fatal,
            Ok(()) => LogError::Retry(format!("{what}: {error}")),
        }
    }

    fn is_fenced(&self) -> bool {
        let fatal = self.client.fatal_error();
        fatal.is_some_and(|error| error.code == RDKafkaRespErr::RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID)
    }

    /// A killed process's request to join, served behind its successor's, fences the successor though nobody is there: a new client takes the place
    /// back. librdkafka's own cannot.
    fn rejoin(&mut self) -> Result<(), LogError> {
        let now = now();
        self.fenced.retain(|at| now.duration_since(*at) < REJOINS_WITHIN);
        if self.fenced.len() == REJOINS_MAX {
            return Err(LogError::Fatal(format!(
                "another process took this one's place in the group {} times within {} minutes; was the `--data` directory copied? \
                 Each process needs its own",
                REJOINS_MAX + 1,
                REJOINS_WITHIN.as_secs() / 60
            )));
        }
        self.fenced.push_back(now);
        tracing::warn!("this process's place in the group was taken by its own name; joining again");
        self.slots.clear();
        self.main = None;
        let (client, main) = subscribe(&self.member, &self.topics, &self.signal, self.tokens.as_ref())?;
        (self.client, self.main) = (client, main);
        self.events.clear();
        self.events.push_back(GroupEvent::Lost);
        self.took_assignment = true;
        Ok(())
    }

    fn has_read_to(
        &mut self,
        slot: Slot,
        partition: &TopicPartition,
        end: Offset,
        timeout: Duration,
    ) -> Result<bool, LogError> {
        let assigned = &mut self.slots[slot.0 as usize];
        let position = self.client.position(&assigned.place).unwrap_or(assigned.next);
        assigned.next = assigned.next.max(position.min(end));
        if assigned.next >= end {
            return Ok(true);
        }
        if let Some(behind) = self.ends.end_behind(partition, assigned.next, timeout)? {
            assigned.next = assigned.next.max(behind);
        }
        Ok(assigned.next >= end)
    }

    fn take_rebalances(&mut self) {
        let rebalances =
            std::mem::take(&mut *self.client.callbacks().rebalances.lock().expect("no holder panics"));
        self.events.extend(rebalances.into_iter().map(|rebalance| match rebalance {
            Rebalance::Assign(partitions) => GroupEvent::Assigned(partitions),
            Rebalance::Revoke { lost: true } => GroupEvent::Lost,
            Rebalance::Revoke { lost: false } => GroupEvent::Revoking,
        }));
    }

    /// A message in the consumer's own queue came before its partition's queue was in place: it is fetched again.
    fn refetch(&mut self, partition: &TopicPartition) -> Result<(), LogError> {
        let Some(slot) = self.slots.iter().position(|slot| slot.partition == *partition) else {
            return Ok(());
        };
        let next = self.slots[slot].next;
        self.seek(Slot(slot as u32), next)
    }
}

/// A client that joins the group, and the queue of what concerns all of it.
fn subscribe(
    member: &ClientConfig,
    topics: &[String],
    signal: &Signal,
    tokens: Option<&Arc<Tokens>>,
) -> Result<(Client, Option<Queue>), LogError> {
    let client = Client::new(Kind::Consumer, member, tokens).map_err(LogError::Fatal)?;
    let main = client.consumer_queue();
    if let Some(main) = &main {
        main.signal(signal.fd());
    }
    client.subscribe(topics).map_err(|error| LogError::Fatal(error.to_string()))?;
    Ok((client, main))
}

fn is_refused(error: &Error) -> bool {
    use RDKafkaRespErr as Code;
    matches!(
        error.code,
        Code::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED | Code::RD_KAFKA_RESP_ERR__AUTHENTICATION
    )
}

/// Errors that go by themselves are told and waited for; the others end the run.
fn classify(error: &Error, place: &str, group: &str) -> Result<(), LogError> {
    use RDKafkaRespErr as Code;
    let told = if place.is_empty() { error.message.clone() } else { format!("{place}: {}", error.message) };
    match error.code {
        Code::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED => {
            let topic = place.rsplit_once('-').map_or("that is read", |(topic, _)| topic);
            Err(LogError::Fatal(format!("{told}; {}", rights::missing(Want::Read, topic))))
        }
        Code::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED => {
            Err(LogError::Fatal(format!("{told}; {}", rights::missing(Want::Join, group))))
        }
        Code::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED
        | Code::RD_KAFKA_RESP_ERR__AUTHENTICATION
        | Code::RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID
        | Code::RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL
        | Code::RD_KAFKA_RESP_ERR__FATAL => Err(LogError::Fatal(told)),
        Code::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART | Code::RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC => {
            Err(LogError::Fatal(format!("{told}; was a topic deleted?")))
        }
        _ => {
            tracing::warn!("kafka: {told}");
            Ok(())
        }
    }
}

impl Reader for KafkaReader {
    type Group = GroupMetadata;

    fn poll_group(&mut self) -> Result<Option<GroupEvent>, LogError> {
        while let Some(given) = self.client.poll_consumer() {
            match given {
                Ok((partition, _)) => self.refetch(&partition)?,
                Err(_) if self.is_fenced() => break,
                Err(error) => classify(&error, "", self.group_id())?,
            }
        }
        if self.is_fenced() {
            self.rejoin()?;
            return Ok(self.events.pop_front());
        }
        if let Some(error) = self.client.fatal_error() {
            return Err(LogError::Fatal(error.to_string()));
        }
        self.take_rebalances();
        Ok(self.events.pop_front())
    }

    fn assign(&mut self, starts: &[(TopicPartition, Offset)]) -> Result<Vec<Slot>, LogError> {
        assert!(!self.took_assignment, "what was lost is given back before something new is taken");
        self.slots.clear();
        let mut list = TopicPartitionList::new();
        for (partition, next) in starts {
            let place = |list: &mut TopicPartitionList| {
                list.add_partition_offset(&partition.topic, partition.partition.0, ListOffset::Offset(next.0))
                    .map_err(|error| LogError::Fatal(format!("{partition}: {error}")))
            };
            place(&mut list)?;
            let mut own = TopicPartitionList::new();
            place(&mut own)?;
            // Before it is assigned, so that its messages never go another way.
            let queue = self
                .client
                .partition_queue(partition)
                .ok_or_else(|| LogError::Fatal(format!("{partition} has no queue")))?;
            queue.signal(self.signal.fd());
            self.slots.push(Assigned {
                partition: partition.clone(),
                topic: CString::new(partition.topic.as_str()).expect("a topic's name has no NUL byte"),
                queue,
                place: own,
                next: *next,
                read: *next,
            });
        }
        self.client.assign(Some(&list)).map_err(|error| LogError::Fatal(error.to_string()))?;
        Ok((0..starts.len() as u32).map(Slot).collect())
    }

    fn unassign(&mut self) -> Result<(), LogError> {
        self.slots.clear();
        if std::mem::take(&mut self.took_assignment) {
            return Ok(());
        }
        self.client.assign(None).map_err(|error| LogError::Fatal(error.to_string()))
    }

    fn fetch(
        &mut self,
        slot: Slot,
        max_records: usize,
        visit: &mut dyn FnMut(Record<'_>),
    ) -> Result<usize, LogError> {
        let assigned = &mut self.slots[slot.0 as usize];
        let (mut next, mut read) = (assigned.next, assigned.read);
        let mut failed = None;
        let mut count = 0;
        assigned.queue.consume(max_records, Duration::ZERO, &mut |given| match given {
            // What was fetched before a seek may still come.
            Given::Message(message) if message.offset() < next => {}
            Given::Message(message) => {
                visit(Record {
                    offset: message.offset(),
                    timestamp: message.timestamp(),
                    key: message.key(),
                    value: message.value(),
                });
                next = Offset(message.offset().0 + 1);
                read = next;
                count += 1;
            }
            Given::End(..) => {}
            Given::Failed(_, error) => failed = Some(error),
        });
        (assigned.next, assigned.read) = (next, read);
        if count > 0 && self.client.callbacks().unreachable.swap(false, Ordering::SeqCst) {
            tracing::info!("a broker is there again");
        }
        let partition = assigned.partition.clone();
        match failed {
            Some(error) if error.code == RDKafkaRespErr::RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET => {
                let range = self.offset_range(&partition, Duration::from_secs(10))?;
                return Err(LogError::OutOfRange { partition, wanted: next, range });
            }
            Some(_) if self.is_fenced() => {}
            Some(error) => classify(&error, &partition.to_string(), self.group_id())?,
            None => {}
        }
        Ok(count)
    }

    fn wait(&mut self, timeout: Duration) {
        self.signal.wait(timeout);
    }

    fn seek(&mut self, slot: Slot, next: Offset) -> Result<(), LogError> {
        const TIMEOUT: Duration = Duration::from_secs(5);
        let assigned = &self.slots[slot.0 as usize];
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(
            &assigned.partition.topic,
            assigned.partition.partition.0,
            ListOffset::Offset(next.0),
        )
        .map_err(|error| LogError::Fatal(error.to_string()))?;
        let done = self.client.seek(&list, TIMEOUT).map_err(|error| error.to_string()).and_then(|()| {
            let element = list.elements().into_iter().next().expect("added just now");
            element.error().map_err(|error| error.to_string())
        });
        if let Err(why) = done {
            let why = format!("{}: seek: {why}", assigned.partition);
            if self.is_fenced() || self.client.has_lost_assignment() {
                return Err(LogError::NotMember(why));
            }
            return Err(LogError::Retry(why));
        }
        let assigned = &mut self.slots[slot.0 as usize];
        // What the queue still holds from before is outdated for librdkafka from here on; what comes may be from behind the seek already,
        // so nothing may be thrown away.
        (assigned.next, assigned.read) = (next, next);
        Ok(())
    }

    fn known_end(&self, slot: Slot) -> Option<Offset> {
        let assigned = &self.slots[slot.0 as usize];
        let end = self.client.known_end(&assigned.topic, assigned.partition.partition)?;
        // Behind the last record there may be transaction markers, which the consumer's position skips.
        match self.client.position(&assigned.place) {
            Some(position) if position >= end => Some(assigned.read),
            _ if assigned.next >= end => Some(assigned.read),
            _ => Some(end),
        }
    }

    fn confirm_end(&mut self, slot: Slot, timeout: Duration) -> Result<bool, LogError> {
        let partition = self.slots[slot.0 as usize].partition.clone();
        // While the broker is away, every partition would wait for as long.
        if self.unanswered.is_some_and(|since| since.elapsed() < ASK_AGAIN) {
            return Err(LogError::Retry(format!("{partition}: the broker did not answer")));
        }
        let end = match self.observer.watermarks(&partition, timeout) {
            Ok((_, end)) => end,
            Err(error) if is_refused(&error) => {
                return Err(self.asked(&error, &partition.to_string()));
            }
            Err(error) => {
                self.unanswered = Some(now());
                return Err(LogError::Retry(format!("{partition}: {error}")));
            }
        };
        self.unanswered = None;
        self.has_read_to(slot, &partition, end, timeout)
    }

    fn ended(&self, _slot: Slot, _next: Offset) -> bool {
        false
    }

    fn committed(
        &mut self,
        partitions: &[TopicPartition],
        timeout: Duration,
    ) -> Result<Vec<Option<Committed>>, LogError> {
        let mut list = TopicPartitionList::new();
        for partition in partitions {
            list.add_partition(&partition.topic, partition.partition.0);
        }
        self.client.committed(&list, timeout).map_err(|error| match self.is_fenced() {
            true => LogError::NotMember(error.to_string()),
            false => self.asked(&error, "the committed offsets"),
        })?;
        let mut committed = Vec::new();
        for (partition, element) in partitions.iter().zip(list.elements()) {
            assert!(
                element.topic() == partition.topic && element.partition() == partition.partition.0,
                "the list keeps its order"
            );
            element.error().map_err(|error| LogError::Retry(format!("{partition}: {error}")))?;
            committed.push(match element.offset() {
                ListOffset::Offset(next) => {
                    Some(Committed { next: Offset(next), metadata: element.metadata().to_owned() })
                }
                _ => None,
            });
        }
        Ok(committed)
    }

    fn offset_range(
        &mut self,
        partition: &TopicPartition,
        timeout: Duration,
    ) -> Result<OffsetRange, LogError> {
        let (start, end) = self
            .observer
            .watermarks(partition, timeout)
            .map_err(|error| self.asked(&error, &partition.to_string()))?;
        Ok(OffsetRange { start, end })
    }

    fn group(&mut self) -> Result<GroupMetadata, LogError> {
        let Some(group) = self.client.group_metadata() else {
            return Err(LogError::NotMember("the group has not been joined".to_owned()));
        };
        if self.is_fenced() {
            return Err(LogError::NotMember("the place in the group was taken".to_owned()));
        }
        // The broker takes offsets of generation -1 without a member id from anyone: such a commit would not be fenced.
        if group.generation() < 1 || !group.has_member() || self.client.assignment_lost() {
            return Err(LogError::NotMember(format!("generation {}", group.generation())));
        }
        Ok(group)
    }

    fn close(&mut self, _timeout: Duration) {
        if !std::mem::replace(&mut self.closed, true) {
            self.slots.clear();
            self.main = None;
            self.client.close();
        }
    }
}

impl Drop for KafkaReader {
    fn drop(&mut self) {
        self.slots.clear();
        self.main = None;
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a broker has been away is no event of the stream")]
fn now() -> Instant {
    Instant::now()
}
