//! Tidegate: the production worker on a log in memory, looked at behind each event, when everything that it brings about is done.

use crate::bed::{self, Bed, Run};
use crate::case::{Row, Rows};
use crate::fed::{Question, of_case};
use crate::tidegate::flatten;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tidegate_model::partition::partition_for;
use tidegate_model::{EventTime, Offset, PartitionId, TopicPartition};

const PARTITIONS: u32 = 3;

/// For each case what its result was, one behind the other: behind each event whatever has changed by then, and at last behind the end of the input.
pub fn ask(question: &Question) -> Vec<Vec<Rows>> {
    let mut bed = Bed::new();
    let name = bed.name();
    let text = question.topology(&name);
    let plan = bed::plan(&name, &text).unwrap_or_else(|error| panic!("{error}"));
    let results = bed.run(plan, PARTITIONS, bed::limits(), |run| drive(question, &name, run));
    results.unwrap_or_else(|error| panic!("{text}{error}"))
}

fn drive(question: &Question, name: &str, mut run: Run<'_>) -> Result<Vec<Vec<Rows>>, String> {
    let mut results = vec![vec![Rows::new()]; question.cases.len()];
    let mut out = Out::new(name, question.is_table);
    for told in question.fed() {
        let topic = if told.fed.is_event { "events" } else { "facts" };
        let value = match (told.fed.is_event, told.fed.v) {
            (true, v) => Some(json!({ "k": told.key, "c": told.all, "v": v, "id": told.id, "at": told.ms })),
            (false, Some(v)) => Some(json!({ "k": told.key, "c": told.all, "g": told.group, "v": v })),
            (false, None) => None,
        };
        let partition = PartitionId(partition_for(told.key.as_bytes(), PARTITIONS).0);
        let value = value.map(|value| value.to_string().into_bytes());
        let record = (partition, EventTime::from_millis(told.ms), Some(told.key.into_bytes()), value);
        run.append(&format!("{name}.{topic}"), &[record])?;
        run.settle()?;
        out.read(&run)?;
        note(&out, &mut results);
    }
    run.end(&format!("{name}.events"))?;
    run.end(&format!("{name}.facts"))?;
    run.settle()?;
    out.read(&run)?;
    note(&out, &mut results);
    Ok(results)
}

fn note(out: &Out, results: &mut [Vec<Rows>]) {
    let all: Rows = out.rows.values().cloned().collect();
    for (case, results) in results.iter_mut().enumerate() {
        let rows = of_case(case, &all);
        if results.last() != Some(&rows) {
            results.push(rows);
        }
    }
}

/// The result: rows of a table by their keys, rows of a stream by their places.
struct Out {
    topic: String,
    is_table: bool,
    read: [i64; PARTITIONS as usize],
    rows: BTreeMap<Vec<u8>, Row>,
}

impl Out {
    fn new(name: &str, is_table: bool) -> Out {
        Out { topic: format!("{name}.out"), is_table, read: [0; PARTITIONS as usize], rows: BTreeMap::new() }
    }

    fn read(&mut self, run: &Run<'_>) -> Result<(), String> {
        for (partition, read) in self.read.iter_mut().enumerate() {
            let topic =
                TopicPartition { topic: self.topic.clone(), partition: PartitionId(partition as i32) };
            for record in run.rows_from(&topic, Offset(*read))? {
                *read = record.offset.0 + 1;
                let key = if self.is_table { record.key } else { None };
                let key = key.unwrap_or_else(|| format!("{partition}@{read}").into_bytes());
                let Some(value) = record.value else {
                    self.rows.remove(&key);
                    continue;
                };
                let mut row = Row::new();
                let value: Value = serde_json::from_slice(&value).expect("rows are JSON");
                flatten(&value, &mut row);
                self.rows.insert(key, row);
            }
        }
        Ok(())
    }
}
