//! One test's engine: the production worker on a log in memory, with a clock that the test moves.

use super::late;
use super::routes::{parts, route_of, tap_topic, with_routes, with_taps};
use anyhow::{Result, bail};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tidegate_embedded::{EmbeddedLog, EmbeddedReader, EmbeddedRestorer, EmbeddedWriter};
use tidegate_engine::clock::ManualClock;
use tidegate_engine::limits::Limits;
use tidegate_engine::operator::RowCount;
use tidegate_engine::program::{Program, written_topics};
use tidegate_engine::topics::read_topics;
use tidegate_engine::worker::{Tick, Worker};
use tidegate_model::plan::{Emit, NodeKind, Plan};
use tidegate_model::test_case::{Aside, ExpectedRow, FeedRow, deletion};
use tidegate_model::{EventTime, Offset, PartitionId, TopicPartition};
use tidegate_state::{Shared, StateDir};

const GROUP: &str = "test";
/// A worker that is still busy after this many ticks never will be done.
const TICKS_MAX: u32 = 1_000_000;
/// So many idle ticks in a row, and nothing more comes.
const IDLE_TICKS: u32 = 4;
const TICK: Duration = Duration::from_millis(1);
const STATE_BYTES: usize = 8 << 20;

/// From where on rows of a stream are asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Observed {
    Start,
    /// The last question of this kind.
    Expectation,
}

pub struct Driver {
    plan: Plan,
    log: Arc<EmbeddedLog>,
    worker: Worker<EmbeddedReader, EmbeddedWriter, EmbeddedRestorer, ManualClock>,
    clock: ManualClock,
    /// The virtual wall clock, for records of sources without a time of their own.
    now: EventTime,
    seen: BTreeMap<String, Offset>,
    /// As `seen`, of what was set aside.
    aside_seen: BTreeMap<(String, Aside), Offset>,
    /// The longest `emit every` of the plan: one `advance to` lets it come due.
    every: Duration,
    _state: tempfile::TempDir,
}

impl Driver {
    pub fn new(plan: &Plan, observed: &[(&str, &[usize])], asides: &[(&str, Aside)]) -> Result<Driver> {
        let plan = with_routes(with_taps(plan, observed), asides);
        let log = EmbeddedLog::in_memory()?;
        log.create_topics(&plan, 1)?;
        let state = tempfile::tempdir()?;
        let clock = ManualClock::default();
        let limits = Limits {
            commit_interval: Duration::ZERO,
            commit_interval_idle: Duration::ZERO,
            marker_interval: Duration::ZERO,
            cache_bytes: STATE_BYTES,
            ..Limits::default()
        };
        let mut writer = log.writer(GROUP);
        let program = Program::new(plan.clone(), limits, &mut writer)?;
        let reader = log.reader(GROUP, &read_topics(&plan), 0, 1);
        let dir = Arc::new(StateDir::open(state.path(), &plan.topology)?);
        let worker = Worker::new(
            reader,
            writer,
            log.restorer(),
            clock.clone(),
            program,
            dir,
            Shared::new(STATE_BYTES),
        );
        let every = longest_every(&plan);
        let mut driver = Driver {
            plan,
            log,
            worker,
            clock,
            now: EventTime::from_millis(0),
            seen: BTreeMap::new(),
            aside_seen: BTreeMap::new(),
            every,
            _state: state,
        };
        driver.settle()?;
        Ok(driver)
    }

    pub fn feed(&mut self, input: &str, rows: &[FeedRow]) -> Result<()> {
        let node = self.plan.nodes.iter().find(|node| node.name == input).expect("the check found it");
        let topic = match &node.kind {
            NodeKind::Source(source) => source.topic.clone(),
            NodeKind::Table(table) => table.topic.clone(),
            _ => unreachable!("the check lets only inputs be fed"),
        };
        let bytes = |text: &Option<String>| text.as_ref().map(|text| text.clone().into_bytes());
        let records: Vec<_> =
            rows.iter().map(|row| (PartitionId(0), self.now, bytes(&row.key), bytes(&row.payload))).collect();
        let malformed = self.worker.status().counters.malformed;
        self.log.append(&topic, &records, None)?;
        self.settle()?;
        let malformed = self.worker.status().counters.malformed - malformed;
        let texts = rows.iter().filter(|row| !row.is_record).count() as u64;
        if malformed > texts {
            // Without this a test that expects nothing would pass for the wrong reason.
            bail!(
                "a record that is fed to `{input}` is malformed\n{}(to feed such a one on purpose, give its text: `raw \"…\"`)\n",
                self.set_aside()?
            );
        }
        Ok(())
    }

    pub fn advance(&mut self, to: EventTime) -> Result<()> {
        self.now = self.now.max(to);
        self.clock.set_date(self.now);
        self.clock.advance(self.every);
        self.worker.advance(to)?;
        self.settle()
    }

    /// Works until nothing happens any more.
    fn settle(&mut self) -> Result<()> {
        let mut idle = 0;
        for _ in 0..TICKS_MAX {
            self.clock.advance(TICK);
            match self.worker.tick()? {
                Tick::Idle(_) => idle += 1,
                Tick::Worked | Tick::Restoring => idle = 0,
            }
            if idle == IDLE_TICKS {
                return Ok(());
            }
        }
        bail!("the topology does not come to rest")
    }

    pub fn rows_since(&mut self, stream: &str, since: Observed) -> Result<Vec<String>> {
        let topic = tap_topic(stream);
        let partition = TopicPartition { topic, partition: PartitionId(0) };
        let from = match since {
            Observed::Start => Offset(0),
            Observed::Expectation => self.seen.get(stream).copied().unwrap_or(Offset(0)),
        };
        let records = self.log.read(&partition, from, usize::MAX)?;
        if since == Observed::Expectation {
            self.seen.insert(stream.to_owned(), self.log.range(&partition)?.end);
        }
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("rows and keys are text");
        let rows = records.into_iter().map(|record| match record.value {
            Some(row) => text(row),
            None => deletion(&text(record.key.unwrap_or_default())),
        });
        Ok(rows.collect())
    }

    /// What a step set aside for a reason since this was last asked, each as a row of JSON.
    pub fn set_aside_since(&mut self, node: &str, aside: Aside) -> Result<Vec<String>> {
        let topic = route_of(&self.plan, node, aside).expect("every expectation got a route").topic;
        let partition = TopicPartition { topic, partition: PartitionId(0) };
        let asked = (node.to_owned(), aside);
        let from = self.aside_seen.get(&asked).copied().unwrap_or(Offset(0));
        let records = self.log.read(&partition, from, usize::MAX)?;
        self.aside_seen.insert(asked, self.log.range(&partition)?.end);
        let steps: Vec<String> =
            parts(&self.plan, node).into_iter().map(|part| self.plan.nodes[part].name.clone()).collect();
        let mut rows = Vec::new();
        for record in records {
            let header = |name: &str| {
                let found = record.headers.iter().find(|(header, _)| header == name);
                found.map(|(_, content)| String::from_utf8_lossy(content).into_owned())
            };
            let step = header("tidegate.step");
            // A route may be shared with other steps, and by a sink.
            if !step.as_ref().is_some_and(|step| steps.contains(step)) {
                continue;
            }
            let text = |bytes: &Option<Vec<u8>>| {
                bytes.as_deref().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            };
            let row = serde_json::json!({
                "code": header("tidegate.code"),
                "message": header("tidegate.message"),
                "step": step,
                "key": text(&record.key),
                "value": text(&record.value),
            });
            rows.push(row.to_string());
        }
        Ok(rows)
    }

    /// What went through each node in this test, by the nodes' names.
    pub fn row_counts(&self) -> BTreeMap<String, RowCount> {
        let counts = self.worker.tasks().iter().flat_map(|task| task.row_counts());
        let mut rows: BTreeMap<String, RowCount> = BTreeMap::new();
        for (id, count) in counts {
            let sum = rows.entry(self.plan.node(id).name.clone()).or_default();
            *sum = RowCount { taken: sum.taken + count.taken, given: sum.given + count.given };
        }
        rows
    }

    /// That rows of a stream are missing since their windows are not final yet; empty where that is not why.
    pub fn not_final(&self, stream: &str, expected: &[ExpectedRow]) -> String {
        let Some((node, window)) = late::final_window(&self.plan, stream) else { return String::new() };
        let subtopology = self.plan.node(node).subtopology;
        let task = self.worker.tasks().iter().find(|task| task.id.subtopology == subtopology);
        task.and_then(|task| late::not_final(&window, task.watermark(), expected)).unwrap_or_default()
    }

    /// What was set aside in this test, told for a person who wonders where an event is.
    pub fn set_aside(&self) -> Result<String> {
        let mut told = String::new();
        for topic in written_topics(&self.plan).into_iter().filter(|topic| !topic.internal) {
            let partition = TopicPartition { topic: topic.name, partition: PartitionId(0) };
            for record in self.log.read(&partition, Offset(0), usize::MAX)? {
                let header = |name: &str| {
                    let found = record.headers.iter().find(|(header, _)| header == name);
                    found.map(|(_, content)| String::from_utf8_lossy(content).into_owned())
                };
                if let (Some(step), Some(message)) = (header("tidegate.step"), header("tidegate.message")) {
                    let value = record.value.as_deref().map_or("null".into(), String::from_utf8_lossy);
                    told.push_str(&format!(
                        "set aside to {}: {value}\n  by `{step}`: {message}\n",
                        partition.topic
                    ));
                }
            }
        }
        let late = self.worker.status().counters.late;
        if late > 0 && told.is_empty() {
            told = late::only_counted(&self.plan, late);
        }
        Ok(told)
    }
}

fn longest_every(plan: &Plan) -> Duration {
    let spans = plan.nodes.iter().filter_map(|node| match &node.kind {
        NodeKind::Aggregate(aggregate) => match aggregate.emit {
            Emit::Every(span) => Some(Duration::from_micros(span.micros() as u64)),
            _ => None,
        },
        _ => None,
    });
    spans.max().unwrap_or_default()
}
