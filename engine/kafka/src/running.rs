//! What a topology has left on the brokers: its stores by their changelogs, its internal topics, the inputs that it has committed.

use crate::admin::{AdminError, classify};
use crate::knock::knock;
use crate::settings::Settings;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use tidegate_engine::change::{Kept, changelog_store};
use tidegate_engine::layout::{self, LAYOUT_KEY};
use tidegate_engine::layout_of_record;
use tidegate_engine::outbox;

const CALL: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(100);
/// How long a topic's records are waited for.
const LOOK: Duration = Duration::from_secs(10);
/// The layout is among the first records of a changelog's partition. A changelog without it is of an earlier version.
const RECORDS_MAX: usize = 10_000;

type Partitions = BTreeMap<String, i32>;

/// What the topology of that name has kept. `wanted` is the topology as it is to be: only its hashes tell what form unread records have.
pub fn running(settings: &Settings, wanted: &Kept) -> Result<Kept, AdminError> {
    drop(knock(settings)?);
    let consumer: BaseConsumer =
        settings.looker().create().map_err(|error| AdminError::Fatal(error.to_string()))?;
    let onlooker: BaseConsumer =
        settings.onlooker().create().map_err(|error| AdminError::Fatal(error.to_string()))?;
    settings.give_token(consumer.client().native_ptr());
    settings.give_token(onlooker.client().native_ptr());
    let metadata = consumer.fetch_metadata(None, CALL).map_err(|error| classify(&error))?;
    let there = metadata.topics().iter().filter(|topic| topic.error().is_none());
    let topics: Partitions =
        there.map(|topic| (topic.name().to_owned(), topic.partitions().len() as i32)).collect();
    let own = format!("{}.", wanted.topology);
    let (internal, others): (Partitions, Partitions) = topics
        .into_iter()
        // Rows of an outbox have no layout.
        .filter(|(topic, _)| outbox::sink_of(&wanted.topology, topic).is_none())
        .partition(|(topic, _)| topic.starts_with(&own));
    let mut kept = Kept { topology: wanted.topology.clone(), ..Kept::default() };
    let mut repartitions = BTreeMap::new();
    for (topic, partitions) in &internal {
        match changelog_store(&wanted.topology, topic) {
            Some(store) => {
                if let Some(layout) = layout_in(&consumer, topic, *partitions)? {
                    kept.stores.insert(store.to_owned(), layout);
                }
            }
            None => {
                let layout = wanted.repartitions.as_ref().and_then(|wanted| wanted.get(topic));
                let layout = layout.map(String::as_str).unwrap_or_default();
                let found = unread(&consumer, &onlooker, topic, *partitions, layout)?;
                repartitions.insert(topic.clone(), found);
            }
        }
    }
    kept.repartitions = Some(repartitions);
    let read = committed(&onlooker, &others)?.into_iter().filter(|(_, offset)| offset.is_some());
    let read: BTreeSet<String> = read.map(|((topic, _), _)| topic).collect();
    let written = wanted.topics.iter().flat_map(|(_, written)| written);
    let written = written.filter(|topic| others.contains_key(*topic)).cloned().collect();
    kept.topics = Some((read.into_iter().collect(), written));
    Ok(kept)
}

fn whole(
    topic: &str,
    partitions: i32,
    offset: impl Fn(i32) -> Offset,
) -> Result<TopicPartitionList, AdminError> {
    let mut list = TopicPartitionList::new();
    for partition in 0..partitions {
        list.add_partition_offset(topic, partition, offset(partition))
            .map_err(|error| fatal(topic, &error))?;
    }
    Ok(list)
}

fn fatal(topic: &str, error: &KafkaError) -> AdminError {
    AdminError::Fatal(format!("{topic}: {error}"))
}

/// Reads a topic from the offsets of a list until `visit` has seen enough of every partition, or their ends.
#[expect(clippy::disallowed_methods, reason = "how long a broker is waited for is no event of the stream")]
fn read(
    consumer: &BaseConsumer,
    list: &TopicPartitionList,
    visit: &mut dyn FnMut(&BorrowedMessage<'_>) -> bool,
) -> Result<(), AdminError> {
    let topic = list.elements().first().map(|element| element.topic().to_owned()).unwrap_or_default();
    consumer.assign(list).map_err(|error| fatal(&topic, &error))?;
    let mut open: BTreeSet<i32> = list.elements().iter().map(|element| element.partition()).collect();
    let start = Instant::now();
    while !open.is_empty() {
        if start.elapsed() > LOOK {
            return Err(AdminError::Fatal(format!("{topic}: cannot be read to its end")));
        }
        match consumer.poll(POLL) {
            // Of an earlier topic.
            Some(Ok(message)) if message.topic() != topic => {}
            Some(Ok(message)) if visit(&message) => {
                open.remove(&message.partition());
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                open.remove(&partition);
            }
            Some(Err(error)) => return Err(classify(&error)),
            Some(Ok(_)) | None => {}
        }
    }
    consumer.unassign().map_err(|error| fatal(&topic, &error))
}

/// The layout that a changelog's records have, if there are any; None inside: it is not written down.
fn layout_in(
    consumer: &BaseConsumer,
    topic: &str,
    partitions: i32,
) -> Result<Option<Option<String>>, AdminError> {
    let mut seen = 0;
    let mut layout = None;
    read(consumer, &whole(topic, partitions, |_| Offset::Beginning)?, &mut |message| {
        seen += 1;
        if message.key() == Some(LAYOUT_KEY) {
            layout = message.payload().map(|words| String::from_utf8_lossy(words).into_owned());
        }
        layout.is_some() || seen >= RECORDS_MAX
    })?;
    Ok((seen > 0).then_some(layout))
}

/// The layout of the records that have not been read yet: `wanted` if there are none of another one.
fn unread(
    consumer: &BaseConsumer,
    onlooker: &BaseConsumer,
    topic: &str,
    partitions: i32,
    wanted: &str,
) -> Result<String, AdminError> {
    let only = BTreeMap::from([(topic.to_owned(), partitions)]);
    let committed = committed(onlooker, &only)?;
    let start = |partition: i32| {
        let committed = committed.get(&(topic.to_owned(), partition)).copied().flatten();
        committed.map_or(Offset::Beginning, Offset::Offset)
    };
    let mut other = None;
    read(consumer, &whole(topic, partitions, start)?, &mut |message| {
        let layout = message.payload().and_then(layout_of_record);
        if layout != Some(layout::hash(wanted)) {
            let (partition, offset) = (message.partition(), message.offset());
            other.get_or_insert(format!("of another form, unread from {topic}-{partition}@{offset} on"));
        }
        true
    })?;
    Ok(other.unwrap_or_else(|| wanted.to_owned()))
}

/// The offset that the group has committed of each partition, without what a transaction still has open.
fn committed(
    onlooker: &BaseConsumer,
    topics: &Partitions,
) -> Result<BTreeMap<(String, i32), Option<i64>>, AdminError> {
    let mut list = TopicPartitionList::new();
    for (topic, partitions) in topics {
        list.add_partition_range(topic, 0, partitions - 1);
    }
    if list.count() == 0 {
        return Ok(BTreeMap::new());
    }
    let found = onlooker.committed_offsets(list, CALL).map_err(|error| classify(&error))?;
    let of = |offset: Offset| match offset {
        Offset::Offset(offset) => Some(offset),
        _ => None,
    };
    let elements = found.elements();
    let pairs = elements
        .iter()
        .map(|element| ((element.topic().to_owned(), element.partition()), of(element.offset())));
    Ok(pairs.collect())
}
