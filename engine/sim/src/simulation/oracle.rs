//! What must hold after every step: what a committed reader sees is what the reference has worked out, and a store is its changelog, replayed.

use super::broker::log::Stored;
use super::broker::{Cluster, Kind};
use super::input::{Event, for_reference};
use crate::reference;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use tidegate_engine::layout::LAYOUT_KEY;
use tidegate_model::plan::Plan;
use tidegate_model::{TaskId, TopicPartition};
use tidegate_state::Store;

/// How what is written to a topic is compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// The rows of each key, in order.
    Sequence,
    /// All rows, in any order.
    Rows,
    /// The rows of each key in order, of which any but the last may be left out: what changed twice before a commit is written once.
    Table,
    /// The last row of each key.
    LastRows,
}

type Row = Option<String>;
type History = Vec<(i64, Vec<u8>, Option<Vec<u8>>)>;

struct Expected {
    mode: Mode,
    right: BTreeMap<String, Vec<Row>>,
    /// How many of them have been seen or passed over.
    seen: BTreeMap<String, usize>,
    /// All rows that have been seen.
    count: usize,
    /// The last row that was seen of each key.
    last: BTreeMap<String, Row>,
}

impl Expected {
    fn take(&mut self, key: String, row: Row) -> Result<(), String> {
        let key = if self.mode == Mode::Rows { String::new() } else { key };
        self.count += 1;
        self.last.insert(key.clone(), row.clone());
        let empty = Vec::new();
        let right = self.right.get(&key).unwrap_or(&empty);
        let seen = self.seen.entry(key.clone()).or_default();
        let told = || row.clone().unwrap_or_else(|| "a deletion".to_owned());
        match self.mode {
            Mode::Sequence => {
                if right.get(*seen) != Some(&row) {
                    let wanted = right.get(*seen).cloned().flatten().unwrap_or_else(|| "nothing".to_owned());
                    return Err(format!("row {seen} of key {key:?} is {}, and {wanted} is right", told()));
                }
                *seen += 1;
            }
            Mode::Rows => {
                let all = self.right.get_mut(&key);
                let place = all.as_ref().and_then(|all| all.iter().position(|right| *right == row));
                let Some(place) = place else {
                    return Err(format!("{} is wrong, or was there already", told()));
                };
                all.expect("it has a place there").swap_remove(place);
            }
            Mode::Table => match right[*seen..].iter().position(|right| *right == row) {
                Some(further) => *seen += further + 1,
                None => return Err(format!("{} of key {key:?} is wrong, or is behind a later row", told())),
            },
            Mode::LastRows => {}
        }
        Ok(())
    }

    fn last_row(&self, key: &str) -> Option<&String> {
        self.last.get(key)?.as_ref()
    }

    /// What is still to come.
    fn lacks(&self) -> Option<String> {
        for (key, right) in &self.right {
            let seen = self.seen.get(key).copied().unwrap_or(0);
            let is_there = match self.mode {
                Mode::Rows => right.is_empty(),
                Mode::Sequence => seen == right.len(),
                // A row that has come and gone before a commit is not written at all.
                Mode::Table => seen == right.len() || (self.last_row(key).is_none() && is_deletion(right)),
                Mode::LastRows => self.last_row(key) == right.last().and_then(Option::as_ref),
            };
            if !is_there {
                let next = match self.mode {
                    Mode::Rows => right.first(),
                    Mode::Sequence => right.get(seen),
                    Mode::Table | Mode::LastRows => right.last(),
                };
                return Some(format!("key {key:?} lacks {next:?} (and {} others are known)", right.len()));
            }
        }
        None
    }
}

fn is_deletion(rows: &[Row]) -> bool {
    rows.last().is_some_and(Option::is_none)
}

pub struct Oracle {
    sinks: BTreeMap<String, Expected>,
    read: BTreeMap<TopicPartition, i64>,
    /// Everything that was ever committed, also what compaction has taken since.
    changelogs: BTreeMap<TopicPartition, History>,
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// With the fields in one order.
fn canonical(json: &Json) -> String {
    match json {
        Json::Object(fields) => {
            let sorted: BTreeMap<&String, String> =
                fields.iter().map(|(name, field)| (name, canonical(field))).collect();
            format!("{sorted:?}")
        }
        Json::Array(elements) => format!("{:?}", elements.iter().map(canonical).collect::<Vec<_>>()),
        other => other.to_string(),
    }
}

fn row_of(record: &Stored) -> Row {
    let value = record.value.as_ref()?;
    Some(serde_json::from_slice(value).map_or_else(|_| text(value), |json| canonical(&json)))
}

impl Oracle {
    /// `sinks`: the topics that are written, and how they are compared.
    pub fn new(plan: &Plan, sinks: &[(&str, Mode)], events: &[Event], partitions: u32) -> Oracle {
        let mut expected: BTreeMap<String, Expected> = sinks
            .iter()
            .map(|(topic, mode)| {
                let none = Expected {
                    mode: *mode,
                    right: BTreeMap::new(),
                    seen: BTreeMap::new(),
                    count: 0,
                    last: BTreeMap::new(),
                };
                ((*topic).to_owned(), none)
            })
            .collect();
        for output in reference::outputs(plan, &for_reference(events, partitions)) {
            let of = expected
                .get_mut(&output.topic)
                .unwrap_or_else(|| panic!("it is not said how {} is compared", output.topic));
            let key =
                if of.mode == Mode::Rows { String::new() } else { output.key.clone().unwrap_or_default() };
            of.right.entry(key).or_default().push(output.value.as_ref().map(canonical));
        }
        Oracle { sinks: expected, read: BTreeMap::new(), changelogs: BTreeMap::new() }
    }

    /// Looks at what has been committed since it last looked.
    pub fn observe(&mut self, cluster: &Cluster) -> Result<(), String> {
        if let Some(wrong) = cluster.group.wrong.first() {
            return Err(wrong.clone());
        }
        for partition in cluster.partitions_of(Kind::Output) {
            let mut wrong = None;
            let next = self.read.entry(partition.clone()).or_default();
            let Some(expected) = self.sinks.get_mut(&partition.topic) else { continue };
            *next = cluster.partition(&partition).read(*next, usize::MAX, &mut |offset, record| {
                let key = record.key.as_deref().map(text).unwrap_or_default();
                if let Err(why) = expected.take(key, row_of(record)) {
                    wrong.get_or_insert(format!("{partition}@{offset}: {why}"));
                }
            });
            if let Some(wrong) = wrong {
                return Err(wrong);
            }
        }
        for partition in cluster.partitions_of(Kind::Changelog) {
            let next = self.read.entry(partition.clone()).or_default();
            let history = self.changelogs.entry(partition.clone()).or_default();
            *next = cluster.partition(&partition).read(*next, usize::MAX, &mut |offset, record| {
                let key = record.key.clone().unwrap_or_default();
                if key != LAYOUT_KEY {
                    history.push((offset, key, record.value.clone()));
                }
            });
        }
        Ok(())
    }

    /// Is the task's store what its changelogs give up to the store's positions?
    pub fn check_store(&self, plan: &Plan, task: TaskId, store: &Store) -> Result<(), String> {
        for node in plan.stores_of(task.subtopology) {
            let partition = TopicPartition { topic: plan.changelog_topic(node), partition: task.partition };
            let table = store.table(&node.name).ok_or("a store without its table")?;
            let position = store.position(table).map_or(0, |position| position.0);
            // A commit is answered before its markers are written: what it has written is not seen yet.
            if self.read.get(&partition).copied().unwrap_or(0) < position {
                continue;
            }
            let mut right: BTreeMap<&[u8], &[u8]> = BTreeMap::new();
            let history = self.changelogs.get(&partition).map_or(&[][..], Vec::as_slice);
            for (_, key, value) in history.iter().take_while(|(offset, _, _)| *offset < position) {
                match value {
                    Some(value) => drop(right.insert(key, value)),
                    None => drop(right.remove(key.as_slice())),
                }
            }
            let mut found: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
            let scanned = store.scan_from(table, &[], &mut |key, value| {
                found.insert(key.to_vec(), value.to_vec());
                true
            });
            // A disk that fails is the worker's to notice.
            if scanned.is_err() {
                return Ok(());
            }
            for key in store.unwritten_keys(table) {
                let Ok(value) = store.get(table, key) else { return Ok(()) };
                match value {
                    Some(value) => drop(found.insert(key.to_vec(), value)),
                    None => drop(found.remove(key)),
                }
            }
            let same = right.len() == found.len()
                && right
                    .iter()
                    .zip(&found)
                    .all(|(right, found)| (*right.0, *right.1) == (&found.0[..], &found.1[..]));
            if !same {
                let wrong = found.iter().find(|(key, value)| right.get(&key[..]) != Some(&&value[..]));
                let lost = right.keys().find(|key| !found.contains_key(**key));
                return Err(format!(
                    "the store of {partition} at {position} is not its changelog: {} keys, {} are right; wrong: {wrong:?}, lost: {lost:?}",
                    found.len(),
                    right.len(),
                ));
            }
        }
        Ok(())
    }

    /// What is still to come; None: everything is there.
    pub fn lacks(&self) -> Option<String> {
        self.sinks.iter().find_map(|(topic, expected)| Some(format!("{topic}: {}", expected.lacks()?)))
    }

    pub fn rows(&self) -> usize {
        self.sinks.values().map(|expected| expected.count).sum()
    }
}
