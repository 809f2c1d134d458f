//! The whole input: every event of every topic, in the order in which they are read.

use super::row::{END, START};
use serde_json::Value as Json;
use tidegate_model::Value;

/// An event of a topic. Events of one partition stand in the order of their offsets.
#[derive(Clone, Debug)]
pub struct Event {
    pub topic: String,
    pub partition: usize,
    pub time: i64,
    /// The columns of the topic's schema. None: the row of a table's key is deleted.
    pub values: Option<Vec<Value>>,
    /// What the record is where it has no such columns.
    pub malformed: Option<Json>,
    /// The record's key.
    pub key: Value,
}

#[derive(Clone, Debug)]
pub struct Input {
    /// Of every topic.
    pub partitions: usize,
    /// In the order read: whoever asks has interleaved the partitions.
    pub events: Vec<Event>,
    /// Nothing comes behind the last event.
    pub ends: bool,
}

impl Input {
    /// One for each event, and one for the end.
    pub fn moments(&self) -> usize {
        self.events.len() + usize::from(self.ends)
    }

    /// Of a source, for each partition: before everything, then after each moment.
    pub fn watermarks(&self, topic: &str, out_of_order: i64) -> Vec<Vec<i64>> {
        (0..self.partitions).map(|partition| self.watermarks_of(topic, partition, out_of_order)).collect()
    }

    fn watermarks_of(&self, topic: &str, partition: usize, out_of_order: i64) -> Vec<i64> {
        let mut line = vec![START];
        for event in &self.events {
            let last = *line.last().expect("it begins with one");
            let is_own = event.topic == topic && event.partition == partition && event.malformed.is_none();
            line.push(if is_own { last.max(event.time - out_of_order) } else { last });
        }
        if self.ends {
            line.push(END);
        }
        line
    }
}
