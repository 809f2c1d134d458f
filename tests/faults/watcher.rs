//! A second reader, of committed rows, that reads while everything goes wrong: what it has seen once must stay.

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

const POLL: Duration = Duration::from_millis(100);

/// Rows as they were seen: topic and partition, then offset and value in the order in which they came.
pub type Rows = BTreeMap<(String, i32), Vec<(i64, Vec<u8>)>>;

pub struct Watcher {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Rows>>,
}

impl Watcher {
    pub fn start(config: &ClientConfig, topics: &[String], partitions: i32) -> Watcher {
        let mut config = config.clone();
        config.set("group.id", "watcher").set("isolation.level", "read_committed");
        config.set("enable.auto.commit", "false").set("auto.offset.reset", "error");
        let mut list = TopicPartitionList::new();
        for topic in topics {
            for partition in 0..partitions {
                list.add_partition_offset(topic, partition, Offset::Beginning).expect("right");
            }
        }
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let consumer: BaseConsumer = config.create().expect("a client");
            consumer.assign(&list).expect("assigned");
            let mut rows = Rows::new();
            while !stopped.load(Ordering::SeqCst) {
                // Errors come and go with the broker.
                if let Some(Ok(message)) = consumer.poll(POLL) {
                    let place = (message.topic().to_owned(), message.partition());
                    let value = message.payload().unwrap_or_default().to_vec();
                    rows.entry(place).or_default().push((message.offset(), value));
                }
            }
            rows
        });
        Watcher { stop, thread: Some(thread) }
    }

    /// Stops, and tells what it has seen.
    pub fn stop(mut self) -> Rows {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.take().expect("it is stopped once").join().expect("the reader ended well")
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}
