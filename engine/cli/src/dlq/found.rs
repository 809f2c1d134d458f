//! Records of a route's topic as they are found there.

use anyhow::{Result, anyhow};
use serde_json::{Map, Value, json};
use tidegate_engine::log::{Archive, OwnedRecord};
use tidegate_engine::replayed::Replayed;
use tidegate_engine::set_aside::SetAside;
use tidegate_model::text::write_base64;
use tidegate_model::{Offset, PartitionId, TopicPartition};

pub struct Found {
    pub partition: TopicPartition,
    pub record: OwnedRecord,
    /// None: somebody else wrote it, or another topology.
    pub aside: Option<SetAside>,
    /// It was sent back before.
    pub is_replayed: bool,
}

/// A partition of a route, read to its end.
pub struct Read {
    pub partition: TopicPartition,
    /// Of all its records.
    pub offsets: Vec<Offset>,
    pub end: Offset,
    pub replayed: Replayed,
}

/// Gives every record of a route's topic to `visit`, which a topology may share with others. None: the topic is not there.
pub fn each(
    archive: &mut dyn Archive,
    (topology, topic): (&str, &str),
    visit: &mut dyn FnMut(Found),
) -> Result<Option<Vec<Read>>> {
    let Some(count) = archive.partitions(topic)? else { return Ok(None) };
    let partitions: Vec<TopicPartition> = (0..count as i32)
        .map(|number| TopicPartition { topic: topic.to_owned(), partition: PartitionId(number) })
        .collect();
    let committed = archive.committed(&partitions)?;
    let mut read = Vec::new();
    for (partition, committed) in partitions.into_iter().zip(committed) {
        let replayed = Replayed::read(committed.as_ref()).ok_or_else(|| {
            anyhow!("{partition}: what the group has committed was not written by `dlq`; is it used by something else?")
        })?;
        let mut offsets = Vec::new();
        let end = archive.read(&partition, &mut |record| {
            offsets.push(record.offset);
            let aside = SetAside::of(&record.headers)
                .filter(|aside| aside.topology.as_deref().is_none_or(|other| other == topology));
            let is_replayed = replayed.has(record.offset);
            visit(Found { partition: partition.clone(), record, aside, is_replayed });
        })?;
        read.push(Read { partition, offsets, end, replayed });
    }
    Ok(Some(read))
}

impl Found {
    /// `payments.malformed-0@17`
    pub fn at(&self) -> String {
        format!("{}@{}", self.partition, self.record.offset.0)
    }

    /// Has the cause this text in its code or message?
    pub fn is_because(&self, text: &str) -> bool {
        self.aside.as_ref().is_some_and(|aside| aside.code.contains(text) || aside.message.contains(text))
    }

    pub fn json(&self) -> Value {
        let mut row = Map::new();
        row.insert("at".to_owned(), self.at().into());
        if let Some(aside) = &self.aside {
            row.insert("from".to_owned(), aside.place.to_string().into());
            row.insert("time".to_owned(), self.record.timestamp.to_string().into());
            row.insert("route".to_owned(), aside.route.clone().into());
            row.insert("step".to_owned(), aside.step.clone().into());
            row.insert("code".to_owned(), aside.code.clone().into());
            row.insert("message".to_owned(), aside.message.clone().into());
        }
        put_bytes(&mut row, "key", self.record.key.as_deref());
        put_bytes(&mut row, "value", self.record.value.as_deref());
        row.insert("replayed".to_owned(), self.is_replayed.into());
        Value::Object(row)
    }
}

/// Text as it is; other bytes as `<name>_base64`.
fn put_bytes(row: &mut Map<String, Value>, name: &str, bytes: Option<&[u8]>) {
    match bytes.map(|bytes| std::str::from_utf8(bytes).map_err(|_| bytes)) {
        None => row.insert(name.to_owned(), Value::Null),
        Some(Ok(text)) => row.insert(name.to_owned(), json!(text)),
        Some(Err(bytes)) => {
            let mut text = String::new();
            write_base64(bytes, &mut text);
            row.insert(format!("{name}_base64"), json!(text))
        }
    };
}
