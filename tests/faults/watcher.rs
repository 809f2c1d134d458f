//! A second reader, of committed rows, that reads while everything goes wrong: what it has seen once must stay.

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

const POLL: Duration = Duration::from_millis(100);

/// Rows as they were seen: topic and partition, then offset and value in the order in which they came.
pub type Rows = BTreeMap<(String, i32), Vec<(i64, Vec<u8>)>>;

pub struct Watcher {
    stop: Arc<AtomicBool>,
    count: Arc<AtomicU64>,
    thread: Option<JoinHandle<Seen>>,
}

/// What it has seen, and what it was last told instead.
pub struct Seen {
    pub rows: Rows,
    pub error: Option<String>,
}

impl Watcher {
    pub fn start(config: &ClientConfig, topics: &[String], partitions: i32) -> Watcher {
        let mut config = config.clone();
        config.set("group.id", "watcher").set("isolation.level", "read_committed");
        config.set("enable.auto.commit", "false").set("auto.offset.reset", "error");
        let mut list = TopicPartitionList::new();
        for topic in topics {
            for partition in 0..partitions {
                // By its number: to ask the broker for the first one may fail, and that partition would be read no more.
                list.add_partition_offset(topic, partition, Offset::Offset(0)).expect("right");
            }
        }
        let stop = Arc::new(AtomicBool::new(false));
        let count = Arc::new(AtomicU64::new(0));
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&count));
        let thread = std::thread::spawn(move || {
            let consumer: BaseConsumer = config.create().expect("a client");
            consumer.assign(&list).expect("assigned");
            let mut seen = Seen { rows: Rows::new(), error: None };
            while !stopped.load(Ordering::SeqCst) {
                match consumer.poll(POLL) {
                    Some(Ok(message)) => {
                        let place = (message.topic().to_owned(), message.partition());
                        let value = message.payload().unwrap_or_default().to_vec();
                        seen.rows.entry(place).or_default().push((message.offset(), value));
                        counted.fetch_add(1, Ordering::SeqCst);
                    }
                    // Errors come and go with the broker.
                    Some(Err(error)) => seen.error = Some(error.to_string()),
                    None => {}
                }
            }
            seen
        });
        Watcher { stop, count, thread: Some(thread) }
    }

    /// How many rows it has seen so far.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }

    /// Stops, and tells what it has seen.
    pub fn stop(mut self) -> Seen {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.take().expect("it is stopped once").join().expect("the reader ended well")
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}
