//! Tidegate: each case as a topology of the test bed.

use crate::bed::{self, Bed, Run};
use crate::case::{Case, Event, Operator, Row};
use crate::topology::topology;
use serde_json::{Value, json};
use tidegate_embedded::OwnedRecord;
use tidegate_model::time::parse_rfc3339;
use tidegate_model::{EventTime, Offset, PartitionId, TopicPartition};

pub struct Engine {
    bed: Bed,
}

impl Engine {
    pub fn new() -> Engine {
        Engine { bed: Bed::new() }
    }

    /// The rows after each chunk of events.
    pub fn ask(&mut self, case: &Case) -> Result<Vec<Vec<Row>>, String> {
        let name = self.bed.name();
        let plan = bed::plan(&name, &topology(case, &name))?;
        self.bed.run(plan, 1, bed::limits(), |run| drive(case, run))
    }
}

fn drive(case: &Case, mut run: Run<'_>) -> Result<Vec<Vec<Row>>, String> {
    let out = TopicPartition { topic: format!("{}.out", run.plan.topology), partition: PartitionId(0) };
    let mut steps = Vec::new();
    let mut read = Offset(0);
    for chunk in case.chunks() {
        for index in chunk.clone() {
            append(case, &case.events[index], &run)?;
        }
        run.settle()?;
        let records = run.rows_from(&out, read)?;
        read = Offset(read.0 + records.len() as i64);
        steps.push(records.iter().map(|record| row(case.operator, record)).collect());
        if case.feed.restart.is_some_and(|behind| chunk.contains(&behind)) {
            run.restart()?;
        }
    }
    Ok(steps)
}

fn append(case: &Case, event: &Event, run: &Run<'_>) -> Result<(), String> {
    let name = if case.feed.one_topic { "s" } else { event.topic.name() };
    let key = event.key_text();
    let value = event.value.map(|value| {
        // A negative one refers to nothing.
        let refers = (value >= 0).then(|| format!("k{value}"));
        json!({ "k": key, "v": value, "side": event.topic.name(), "refers": refers }).to_string().into_bytes()
    });
    let record = (PartitionId(0), EventTime::from_micros(event.time), Some(key.into_bytes()), value);
    run.append(&format!("{}.{name}", run.plan.topology), &[record])
}

/// Where an operator's values are in its rows.
fn fields(operator: Operator) -> &'static [&'static str] {
    match operator {
        Operator::Totals | Operator::Window { .. } => &["/n", "/total", "/low", "/high"],
        Operator::Latest => &["/v"],
        Operator::AggregateTable => &["/n", "/total"],
        Operator::JoinStreams { .. } | Operator::JoinTable { .. } | Operator::JoinSums { .. } => {
            &["/l", "/r"]
        }
        Operator::JoinTables { .. } | Operator::JoinForeign { .. } => &["/v", "/right/v"],
        Operator::LookUpForeign { .. } => &["/l", "/r", "/rr"],
        Operator::LookUpGroups { .. } => &["/l", "/n", "/total"],
    }
}

fn row(operator: Operator, record: &OwnedRecord) -> Row {
    let json = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok();
    let time = Some(record.timestamp.micros());
    let Some(value) = record.value.as_deref() else {
        let key = record.key.as_deref().expect("a deletion has a key");
        // Of several columns it is an object.
        return match json(key).filter(Value::is_object) {
            Some(key) => Row { key: key_of(&key), window: window_of(&key), values: None, time },
            None => Row { key: String::from_utf8_lossy(key).into_owned(), window: None, values: None, time },
        };
    };
    let value = json(value).expect("rows are JSON");
    let values = fields(operator).iter().map(|place| value.pointer(place).and_then(Value::as_i64)).collect();
    Row { key: key_of(&value), window: window_of(&value), values: Some(values), time }
}

fn key_of(row: &Value) -> String {
    row["k"].as_str().or(row["g"].as_str()).expect("a row has its key").to_owned()
}

fn window_of(row: &Value) -> Option<(i64, i64)> {
    let micros = |place: &str| {
        let bound = row.pointer(place)?.as_str()?;
        Some(parse_rfc3339(bound.as_bytes())?.micros())
    };
    micros("/window/start").zip(micros("/window/end"))
}
