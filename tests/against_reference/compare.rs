//! Runs a case by the engine, works it out by the reference, and says where they differ.

use crate::bed::{self, Bed, Run};
use crate::case::Case;
use crate::random_cases::panic_text;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tidegate_model::plan::{Emit, Node, NodeKind, Plan};
use tidegate_model::{EventTime, NodeId, Offset, PartitionId, TopicPartition};
use tidegate_sim::reference::{Input, Output, outputs};

/// A record that left, as it is compared and shown.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Row {
    topic: String,
    key: Option<String>,
    /// None: a deletion, whose time means nothing.
    value: Option<String>,
    time: i64,
}

/// What left after each chunk of events, and after the end of the input.
type Chunks = Vec<Vec<Row>>;

pub fn compare(bed: &mut Bed, case: &Case) -> Result<(), String> {
    let name = bed.name();
    let plan = bed::plan(&name, &case.text(&name))?;
    let input = input(case, &name);
    let right = catch_unwind(AssertUnwindSafe(|| outputs(&plan, &input)));
    let right =
        right.map_err(|panic| format!("the reference: {}\n{}", panic_text(&*panic), question(case)))?;
    let right = in_chunks(case, right);
    let limits = tidegate_engine::limits::Limits { batch_records: case.feed.batch, ..bed::limits() };
    let run = || bed.run(plan.clone(), case.feed.partitions, limits, |run| drive(case, run));
    let found = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| Err(panic_text(&*panic)));
    let found = found
        .map_err(|error| format!("the engine: {error}\n{}{}", question(case), told("expected", &right)))?;
    difference(case, &plan, &right, &found).map_err(|what| {
        format!("{what}\n{}{}{}", question(case), told("expected", &right), told("given", &found))
    })
}

fn input(case: &Case, name: &str) -> Input {
    let partitions = case.feed.partitions;
    let events = case.events.iter().map(|event| event.for_reference(name, partitions)).collect();
    Input { partitions: partitions as usize, events, ends: case.feed.ends }
}

fn in_chunks(case: &Case, outputs: Vec<Output>) -> Chunks {
    let chunks = case.chunks().count() + usize::from(case.feed.ends);
    let mut rows: Chunks = vec![Vec::new(); chunks];
    for output in outputs {
        let chunk =
            if output.moment == case.events.len() { chunks - 1 } else { output.moment / case.feed.together };
        let value = output.value.map(sorted);
        let time = if value.is_some() { output.time } else { 0 };
        rows[chunk].push(Row {
            topic: output.topic,
            key: output.key,
            value: value.map(|value| value.to_string()),
            time,
        });
    }
    rows
}

/// Fields in an order of their own.
fn sorted(json: Json) -> Json {
    match json {
        Json::Object(fields) => {
            let fields: BTreeMap<String, Json> =
                fields.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            Json::Object(fields.into_iter().collect())
        }
        other => other,
    }
}

fn drive(case: &Case, mut run: Run<'_>) -> Result<Chunks, String> {
    let mut outlets = Outlets::new(&run.plan, case.feed.partitions);
    let mut chunks = Vec::new();
    for (index, chunk) in case.chunks().enumerate() {
        for event in &case.events[chunk.clone()] {
            let partition = PartitionId(event.partition(case.feed.partitions) as i32);
            let value = event.json().map(String::into_bytes);
            let record =
                (partition, EventTime::from_micros(event.time), Some(event.k.clone().into_bytes()), value);
            run.append(&format!("{}.{}", run.plan.topology, event.topic), &[record])?;
        }
        if let Some((_, steps)) = case.feed.crash.filter(|(at, _)| *at == index) {
            for _ in 0..steps {
                run.tick()?;
            }
            run.crash()?;
        }
        run.settle()?;
        chunks.push(outlets.rows(&run)?);
        if case.feed.restart.is_some_and(|behind| chunk.contains(&behind)) {
            run.restart()?;
        }
    }
    if case.feed.ends {
        for topic in &case.topics {
            run.end(&format!("{}.{topic}", run.plan.topology))?;
        }
        run.settle()?;
        chunks.push(outlets.rows(&run)?);
    }
    Ok(chunks)
}

/// Where rows leave, and up to where they have been looked at.
struct Outlets(Vec<(TopicPartition, Offset, bool)>);

impl Outlets {
    fn new(plan: &Plan, partitions: u32) -> Outlets {
        let mut topics: Vec<(String, bool)> = Vec::new();
        for node in &plan.nodes {
            let aside = match &node.kind {
                NodeKind::Aggregate(aggregate) => {
                    aggregate.window.as_ref().and_then(|window| window.late.as_ref())
                }
                NodeKind::JoinStreams(join) => join.late.as_ref(),
                NodeKind::Match(pattern) => pattern.late.as_ref(),
                NodeKind::Rolling(rolling) => rolling.late.as_ref(),
                NodeKind::Sink(sink) => {
                    topics.push((sink.topic.clone(), false));
                    None
                }
                _ => None,
            };
            topics.extend(aside.map(|route| (route.topic.clone(), true)));
        }
        topics.sort();
        topics.dedup();
        let all = topics.into_iter().flat_map(|(topic, is_aside)| {
            (0..partitions as i32).map(move |partition| {
                (
                    TopicPartition { topic: topic.clone(), partition: PartitionId(partition) },
                    Offset(0),
                    is_aside,
                )
            })
        });
        Outlets(all.collect())
    }

    fn rows(&mut self, run: &Run<'_>) -> Result<Vec<Row>, String> {
        let mut rows = Vec::new();
        for (partition, read, is_aside) in &mut self.0 {
            for record in run.rows_from(partition, *read)? {
                *read = Offset(record.offset.0 + 1);
                let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
                let value = record.value.map(|value| {
                    serde_json::from_slice(&value)
                        .map_or_else(|_| text(value), |json| sorted(json).to_string())
                });
                let time = if value.is_some() { record.timestamp.micros() } else { 0 };
                let key = record.key.map(text).filter(|_| !*is_aside);
                rows.push(Row { topic: partition.topic.clone(), key, value, time });
            }
        }
        Ok(rows)
    }
}

fn difference(case: &Case, plan: &Plan, right: &Chunks, found: &Chunks) -> Result<(), String> {
    for node in &plan.nodes {
        let NodeKind::Sink(sink) = &node.kind else { continue };
        let of_sink = |chunks: &Chunks| -> Chunks {
            let of_chunk =
                |rows: &Vec<Row>| rows.iter().filter(|row| row.topic == sink.topic).cloned().collect();
            chunks.iter().map(of_chunk).collect()
        };
        let (right, found) = (of_sink(right), of_sink(found));
        if is_table(plan, node.inputs[0]) && (case.feed.together > 1 || may_be_parted(plan)) {
            same_table(&in_batches(plan, &right), &in_batches(plan, &found))?;
        } else {
            same_rows(&right, &found)?;
        }
    }
    let sinks: Vec<&str> = plan
        .nodes
        .iter()
        .filter_map(|node| match &node.kind {
            NodeKind::Sink(sink) => Some(sink.topic.as_str()),
            _ => None,
        })
        .collect();
    let aside = |chunks: &Chunks| -> Chunks {
        let of_chunk = |rows: &Vec<Row>| {
            rows.iter().filter(|row| !sinks.contains(&row.topic.as_str())).cloned().collect()
        };
        chunks.iter().map(of_chunk).collect()
    };
    same_rows(&aside(right), &aside(found))
}

/// One event may become several, and several rows may be over at once, of which each can be read and committed by itself behind a repartition.
fn may_be_parted(plan: &Plan) -> bool {
    let becomes_several = |node: &Node| match &node.kind {
        NodeKind::Expand(_) => true,
        NodeKind::Latest(latest) => latest.ttl.is_some(),
        NodeKind::Table(table) => table.ttl.is_some(),
        NodeKind::Aggregate(aggregate) => aggregate.ttl.is_some(),
        _ => false,
    };
    let is_topic = |node: &Node| matches!(node.kind, NodeKind::Repartition(_) | NodeKind::Rekey(_));
    plan.nodes.iter().any(becomes_several) && plan.nodes.iter().any(is_topic)
}

/// Do its rows replace each other, and come with commits?
fn is_table(plan: &Plan, id: NodeId) -> bool {
    let node = plan.node(id);
    match &node.kind {
        NodeKind::Aggregate(aggregate) => aggregate.emit != Emit::Final,
        NodeKind::Table(_) | NodeKind::Latest(_) | NodeKind::JoinTables(_) => true,
        NodeKind::Filter(_) | NodeKind::Map(_) => is_table(plan, node.inputs[0]),
        _ => false,
    }
}

/// A pair of two tables, or a group of a table's rows, that changed and is as it was is not given out, so the time of its row depends on what was
/// committed together.
fn in_batches(plan: &Plan, chunks: &Chunks) -> Chunks {
    let mut chunks = chunks.clone();
    let may_be_as_it_was = |node: &Node| match &node.kind {
        NodeKind::Aggregate(aggregate) => aggregate.row_key.is_some(),
        kind => matches!(kind, NodeKind::JoinTables(_)),
    };
    if plan.nodes.iter().any(may_be_as_it_was) {
        chunks.iter_mut().flatten().for_each(|row| row.time = 0);
    }
    chunks
}

/// After each chunk the same rows, in any order.
fn same_rows(right: &Chunks, found: &Chunks) -> Result<(), String> {
    for (index, (right, found)) in right.iter().zip(found).enumerate() {
        let (mut right, mut found) = (right.clone(), found.clone());
        right.sort();
        found.sort();
        if right != found {
            return Err(format!("chunk {index}: not the same rows"));
        }
    }
    Ok(())
}

/// After each chunk the same table; how many changes a commit puts together is nobody's business. Each row is one that the reference has, too.
fn same_table(right: &Chunks, found: &Chunks) -> Result<(), String> {
    let (mut of_right, mut of_found): (BTreeMap<_, &Row>, BTreeMap<_, &Row>) = Default::default();
    for (index, (right, found)) in right.iter().zip(found).enumerate() {
        for (table, rows) in [(&mut of_right, right), (&mut of_found, found)] {
            for row in rows {
                match row.value {
                    Some(_) => drop(table.insert(&row.key, row)),
                    None => drop(table.remove(&row.key)),
                }
            }
        }
        if of_right != of_found {
            return Err(format!("chunk {index}: not the same table"));
        }
    }
    Ok(())
}

fn question(case: &Case) -> String {
    let numbered = case.events.iter().enumerate().map(|(index, event)| {
        let partition = event.partition(case.feed.partitions);
        format!("  {index:>3} in partition {partition}: {event}\n")
    });
    format!("{}{:?}\nevents:\n{}", case.text("t"), case.feed, numbered.collect::<String>())
}

fn told(what: &str, chunks: &Chunks) -> String {
    let mut text = format!("{what} (after which chunk: topic, key, value, time):\n");
    for (index, rows) in chunks.iter().enumerate() {
        for row in rows {
            let or_null = |text: &Option<String>| text.clone().unwrap_or_else(|| "null".to_owned());
            let (key, value) = (or_null(&row.key), or_null(&row.value));
            text.push_str(&format!("  {index:>3}: {} {key} {value} at {}\n", row.topic, row.time));
        }
    }
    text
}
