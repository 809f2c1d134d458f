//! Finds out whether a partition has anything behind an offset that a committed reader would see.
//!
//! Behind the last record there may be transaction markers. A consumer that has read a record knows when it has passed them; one that has read
//! nothing yet does not, and the member of the group may not ask for ends (`enable.partition.eof`, librdkafka #4844). So another consumer looks.

use crate::client::{Client, Given, Kind, Queue};
use crate::settings::Settings;
use rdkafka::topic_partition_list::{Offset as ListOffset, TopicPartitionList};
use std::time::{Duration, Instant};
use tidegate_engine::log::LogError;
use tidegate_model::{Offset, TopicPartition};

const STEP: Duration = Duration::from_millis(20);

pub struct EndFinder {
    settings: Settings,
    /// Made when it is first needed; the queue goes before its client.
    consumer: Option<(Queue, Client)>,
}

impl EndFinder {
    pub fn new(settings: &Settings) -> EndFinder {
        EndFinder { settings: settings.clone(), consumer: None }
    }

    /// Where a committed reader comes to its end, if there is no record at or behind `from`. None: there is one.
    pub fn end_behind(
        &mut self,
        partition: &TopicPartition,
        from: Offset,
        timeout: Duration,
    ) -> Result<Option<Offset>, LogError> {
        if self.consumer.is_none() {
            let client = Client::new(Kind::Consumer, &self.settings.end_finder(), self.settings.tokens())
                .map_err(LogError::Fatal)?;
            let queue = client.consumer_queue().expect("every consumer has a queue");
            self.consumer = Some((queue, client));
        }
        let (queue, client) = self.consumer.as_ref().expect("made above");
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&partition.topic, partition.partition.0, ListOffset::Offset(from.0))
            .map_err(|error| LogError::Fatal(format!("{partition}: {error}")))?;
        client.assign(Some(&list)).map_err(|error| LogError::Fatal(format!("{partition}: {error}")))?;
        let found = look(queue, partition, from, timeout);
        client.assign(None).map_err(|error| LogError::Fatal(format!("{partition}: {error}")))?;
        found
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a broker is waited for is no event of the stream")]
fn look(
    queue: &Queue,
    partition: &TopicPartition,
    from: Offset,
    timeout: Duration,
) -> Result<Option<Offset>, LogError> {
    let start = Instant::now();
    let mut found = None;
    while found.is_none() && start.elapsed() < timeout {
        queue.consume(1, STEP, &mut |given| match given {
            Given::Message(message) if message.place() == *partition && message.offset() >= from => {
                found = Some(None);
            }
            Given::End(place, end) if place == *partition && end >= from => found = Some(Some(end)),
            // Of an earlier question, or an error that goes by itself.
            _ => {}
        });
    }
    found.ok_or_else(|| LogError::Retry(format!("{partition}: its end is not known")))
}
