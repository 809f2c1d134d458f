//! Random cases.

use crate::case::{Case, Event, FAR, Feed};
use crate::shape::{self, Shape};
use proptest::prelude::*;
use tidegate_model::partition::partition_for;

const EVENTS_MAX: usize = 24;
const KEYS: u8 = 5;

/// An event before it is known what the topology takes.
#[derive(Clone, Copy, Debug)]
struct Raw {
    topic: usize,
    key: u8,
    other_key: u8,
    value: i64,
    nullable: Option<i64>,
    /// From the greatest time so far.
    ahead: i64,
    malformed: bool,
}

fn raw() -> impl Strategy<Value = Raw> {
    let ahead = prop_oneof![6 => 0i64..5, 3 => -14i64..0, 1 => 5i64..40];
    let nullable = prop_oneof![3 => (0i64..4).prop_map(Some), 1 => Just(None)];
    let malformed = prop_oneof![9 => Just(false), 1 => Just(true)];
    (0usize..6, 0..KEYS, 0u8..3, 0i64..6, nullable, ahead, malformed).prop_map(
        |(topic, key, other_key, value, nullable, ahead, malformed)| Raw {
            topic,
            key,
            other_key,
            value,
            nullable,
            ahead,
            malformed,
        },
    )
}

fn feed() -> impl Strategy<Value = Feed> {
    let partitions = prop_oneof![5 => Just(1u32), 3 => Just(3), 1 => Just(8)];
    let together = prop_oneof![2 => Just(1usize), 1 => 2usize..6, 1 => Just(200)];
    let batch = prop_oneof![1 => Just(1usize), 1 => 2usize..5, 2 => Just(4096)];
    let restart = prop_oneof![4 => Just(None), 1 => (0..EVENTS_MAX).prop_map(Some)];
    let crash = prop_oneof![3 => Just(None), 1 => (0usize..4, 0usize..8).prop_map(Some)];
    (partitions, together, batch, restart, crash, any::<bool>()).prop_map(
        |(partitions, together, batch, restart, crash, ends)| Feed {
            partitions,
            together,
            batch,
            restart,
            crash,
            ends,
        },
    )
}

/// Each of these topologies, with random events.
///
/// `primed`: each partition has an event at the beginning, so that the watermark moves.
pub fn cases(shapes: impl Strategy<Value = Shape>) -> impl Strategy<Value = Case> {
    let out_of_order = prop_oneof![Just(0i64), 0i64..15];
    let raws = proptest::collection::vec(raw(), 1..EVENTS_MAX);
    (shapes, raws, feed(), out_of_order, any::<bool>())
        .prop_map(|(shape, raws, feed, out_of_order, primed)| case(shape, &raws, feed, out_of_order, primed))
}

fn case(shape: Shape, raws: &[Raw], mut feed: Feed, out_of_order: i64, primed: bool) -> Case {
    if shape.needs_order {
        feed.together = 1;
    }
    let (topics, times) = (&shape.topics, shape.times);
    let mut events: Vec<Event> = Vec::new();
    if primed {
        events.extend(one_each(topics, feed.partitions, times.begin, 0));
    }
    let mut newest = times.begin;
    for raw in raws {
        let topic = topics[raw.topic % topics.len()];
        let time = newest + raw.ahead * times.unit;
        let time = if shape.needs_on_time { time.max(newest - out_of_order * times.unit) } else { time };
        events.push(Event {
            topic,
            id: events.len() as i64,
            k: format!("k{}", raw.key),
            j: format!("j{}", raw.other_key),
            v: raw.value,
            w: raw.nullable,
            time,
            deletes: is_table(topic) && raw.nullable.is_none(),
            malformed: shape.has_malformed && !is_table(topic) && raw.malformed,
        });
        newest = newest.max(time);
    }
    events.extend(one_each(topics, feed.partitions, newest + FAR * times.unit, events.len() as i64));
    let text = shape::text(&shape, out_of_order);
    Case { text, topics: shape.topics, events, feed }
}

fn is_table(topic: &str) -> bool {
    matches!(topic, "g" | "t")
}

/// An event of each topic for each partition, with keys of their own.
pub fn one_each(topics: &[&'static str], partitions: u32, time: i64, from: i64) -> Vec<Event> {
    let of_partition = |partition: u32| {
        let mut keys = (0..).map(|number| format!("z{number}"));
        keys.find(|key| partition_for(key.as_bytes(), partitions).0 as u32 == partition)
            .expect("there is one")
    };
    let places = (0..partitions).flat_map(|partition| topics.iter().map(move |topic| (partition, *topic)));
    let event = |(number, (partition, topic)): (usize, (u32, &'static str))| Event {
        topic,
        id: from + number as i64,
        k: of_partition(partition),
        j: "z".to_owned(),
        v: 1,
        w: None,
        time,
        deletes: false,
        malformed: false,
    };
    places.enumerate().map(event).collect()
}
