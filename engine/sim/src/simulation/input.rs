//! The events of a case: the same for the engine, which reads JSON, and for the reference, which reads values.

use super::broker::log::Stored;
use super::random::Random;
use crate::reference;
use tidegate_model::partition::partition_for;
use tidegate_model::plan::{NodeKind, Plan};
use tidegate_model::{EventTime, PartitionId, TopicPartition, Value};

/// The time of the first event (2023-11-14).
const BASE: i64 = 1_700_000_000_000_000;
const SECOND: i64 = 1_000_000;
/// Behind all that anything waits for.
const FAR: i64 = 100 * 3600 * SECOND;

/// An event `{ id, k, j, v, at }` of a source, or a row `{ k, v }` of a table.
#[derive(Clone, Debug)]
pub struct Event {
    pub place: TopicPartition,
    table: bool,
    id: i64,
    k: String,
    j: String,
    v: i64,
    time: i64,
}

impl Event {
    pub fn record(&self) -> Stored {
        let (id, k, j, v) = (self.id, &self.k, &self.j, self.v);
        let at = EventTime::from_micros(self.time);
        let value = if self.table {
            format!(r#"{{"k":"{k}","v":{v}}}"#)
        } else {
            format!(r#"{{"id":{id},"k":"{k}","j":"{j}","v":{v},"at":"{at}"}}"#)
        };
        Stored { timestamp: at, key: Some(k.as_bytes().to_vec()), value: Some(value.into_bytes()) }
    }

    fn for_reference(&self) -> reference::Event {
        let text = |text: &str| Value::String(text.into());
        let values = if self.table {
            vec![text(&self.k), Value::Int(self.v)]
        } else {
            let (id, v) = (Value::Int(self.id), Value::Int(self.v));
            vec![id, text(&self.k), text(&self.j), v, Value::Timestamp(self.time)]
        };
        reference::Event {
            topic: self.place.topic.clone(),
            partition: self.place.partition.0 as usize,
            time: self.time,
            values: Some(values),
            malformed: None,
            key: text(&self.k),
        }
    }
}

/// Everything that is read: tables first, then events (some of them `late`), then one for each partition that lies far behind all others.
pub fn events(plan: &Plan, late: bool, partitions: u32, count: usize, seed: u64) -> Vec<Event> {
    let mut random = Random::new(seed, 4);
    let mut sources = Vec::new();
    let mut events = Vec::new();
    let place = |topic: &str, key: &str| TopicPartition {
        topic: topic.to_owned(),
        partition: partition_for(key.as_bytes(), partitions),
    };
    let keys = random.between(1, 8);
    for node in &plan.nodes {
        match &node.kind {
            NodeKind::Source(source) => sources.push(source.topic.clone()),
            NodeKind::Table(table) => {
                for key in 0..keys {
                    let k = format!("k{key}");
                    let (place, v) = (place(&table.topic, &k), random.between(0, 9));
                    events.push(Event { place, table: true, id: 0, k, j: String::new(), v, time: BASE });
                }
            }
            _ => {}
        }
    }
    let mut time = BASE;
    for id in 0..count as i64 {
        time += random.between(0, 4) * SECOND;
        let disorder = match random.below(30) {
            0 if late => 90,
            1..=10 => random.between(1, 9),
            _ => 0,
        };
        let (k, j) = (format!("k{}", random.below(keys as u64)), format!("j{}", random.below(4)));
        let topic = random.pick(&sources);
        let (place, v) = (place(topic, &k), random.between(0, 99));
        events.push(Event { place, table: false, id, k, j, v, time: time - disorder * SECOND });
    }
    for topic in &sources {
        for partition in (0..partitions as i32).map(PartitionId) {
            let mut names = (0..).map(|number| format!("far{number}"));
            let found = names.find(|key| partition_for(key.as_bytes(), partitions) == partition);
            let k = found.expect("some name is of each partition");
            let place = TopicPartition { topic: topic.clone(), partition };
            let id = events.len() as i64;
            events.push(Event { place, table: false, id, j: k.clone(), k, v: 0, time: BASE + FAR });
        }
    }
    events
}

/// The same for the reference.
pub fn for_reference(events: &[Event], partitions: u32) -> reference::Input {
    reference::Input {
        partitions: partitions as usize,
        events: events.iter().map(Event::for_reference).collect(),
        ends: false,
    }
}

/// How many events at the beginning are rows of tables.
pub fn rows_of_tables(events: &[Event]) -> usize {
    events.iter().take_while(|event| event.table).count()
}
