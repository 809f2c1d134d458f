//! Runs a case by the engine, works it out by the reference, and says where they differ.

use crate::bed::{self, Bed, Run};
use crate::case::Case;
use crate::random_cases::panic_text;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tidegate_model::plan::{Aggregate, Emit, Node, NodeKind, Plan};
use tidegate_model::{EventTime, NodeId, Offset, PartitionId, Span, TopicPartition};
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
    // What waits for its time of the wall clock comes when that has passed.
    for _ in 0..longest_wait(&run.plan) {
        run.tick()?;
    }
    if let Some(last) = chunks.last_mut() {
        last.extend(outlets.rows(&run)?);
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
            if let NodeKind::Sink(sink) = &node.kind {
                topics.push((sink.topic.clone(), false));
            }
        }
        topics.extend(plan.routes().map(|route| (route.topic.to_owned(), true)));
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
        if every(plan, node.inputs[0]).is_some() {
            let one_by_one = case.feed.together == 1 && !may_be_parted(plan);
            same_table_at_last(&right, &found, one_by_one)?;
        } else if is_table(plan, node.inputs[0]) && (case.feed.together > 1 || may_be_parted(plan)) {
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

/// What one event brings about may come to a table in several commits: of several tasks whose windows close, by the way of a foreign key and back, or behind a repartition
/// as the rows that it was expanded to, or that were over at once.
fn may_be_parted(plan: &Plan) -> bool {
    let has = |is: fn(&NodeKind) -> bool| plan.nodes.iter().any(|node| is(&node.kind));
    let becomes_several = |kind: &NodeKind| match kind {
        NodeKind::Expand(_) => true,
        NodeKind::Latest(latest) => latest.ttl.is_some(),
        NodeKind::Table(table) => table.ttl.is_some(),
        NodeKind::Aggregate(aggregate) => aggregate.ttl.is_some(),
        _ => false,
    };
    let is_windowed =
        |kind: &NodeKind| matches!(kind, NodeKind::Aggregate(aggregate) if aggregate.window.is_some());
    has(becomes_several) && has(|kind| matches!(kind, NodeKind::Repartition(_) | NodeKind::Rekey(_)))
        || has(|kind| matches!(kind, NodeKind::Top(_))) && has(is_windowed)
        || has(|kind| matches!(kind, NodeKind::JoinTables(join) if join.foreign))
}

/// Do its rows replace each other, and come with commits?
fn is_table(plan: &Plan, id: NodeId) -> bool {
    let node = plan.node(id);
    match &node.kind {
        NodeKind::Aggregate(aggregate) => aggregate.emit != Emit::Final,
        NodeKind::Table(_) | NodeKind::Latest(_) | NodeKind::JoinTables(_) | NodeKind::Top(_) => true,
        NodeKind::Filter(_) | NodeKind::Map(_) => is_table(plan, node.inputs[0]),
        _ => false,
    }
}

/// How often are its rows given out, where that is said?
fn every(plan: &Plan, id: NodeId) -> Option<Span> {
    let node = plan.node(id);
    match &node.kind {
        NodeKind::Aggregate(Aggregate { emit: Emit::Every(every), .. }) => Some(*every),
        NodeKind::Filter(_) | NodeKind::Map(_) => every(plan, node.inputs[0]),
        _ => None,
    }
}

/// In ticks of the worker's clock.
fn longest_wait(plan: &Plan) -> u64 {
    let waits = plan.nodes.iter().filter_map(|node| every(plan, node.id));
    waits.map(|every| 1 + every.micros().unsigned_abs() / 1_000).max().unwrap_or(0)
}

/// A row of a table that changed and is as it was is not given out, so its time depends on what was committed together.
fn in_batches(plan: &Plan, chunks: &Chunks) -> Chunks {
    let mut chunks = chunks.clone();
    let may_be_as_it_was = |node: &Node| match &node.kind {
        NodeKind::Aggregate(aggregate) => aggregate.row_key.is_some(),
        kind => matches!(kind, NodeKind::JoinTables(_) | NodeKind::Top(_)),
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

/// After each chunk the same table; how many changes a commit puts together is nobody's business.
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

/// At last the same table; in between (`one_by_one`) each key has had the rows that the reference has for it, in that order, if not all of them.
fn same_table_at_last(right: &Chunks, found: &Chunks, one_by_one: bool) -> Result<(), String> {
    let of_keys = |chunks: &Chunks| {
        let mut keys: BTreeMap<Option<String>, Vec<Row>> = BTreeMap::new();
        for row in chunks.iter().flatten() {
            keys.entry(row.key.clone()).or_default().push(row.clone());
        }
        keys
    };
    let (right, found) = (of_keys(right), of_keys(found));
    for (key, rows) in &found {
        let of_key = right.get(key).map_or(&[][..], Vec::as_slice);
        let mut left = of_key.iter();
        let strange = rows.iter().find(|row| !left.any(|right| right == *row));
        if let Some(row) = strange.filter(|_| one_by_one) {
            return Err(format!("not a row that there was, or not in that order: {row:?}"));
        }
    }
    let last = |keys: &BTreeMap<Option<String>, Vec<Row>>| -> Vec<Row> {
        let rows = keys.values().filter_map(|rows| rows.last());
        rows.filter(|row| row.value.is_some()).cloned().collect()
    };
    if last(&right) != last(&found) {
        return Err("not the same table at last".to_owned());
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
