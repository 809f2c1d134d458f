//! Tidegate: the production worker on a log in memory, with a clock that moves by itself.

use crate::case::{Case, Event, Operator, Row};
use crate::topology::topology;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tidegate_dsl::{SourceFile, compile};
use tidegate_embedded::{EmbeddedLog, EmbeddedReader, EmbeddedRestorer, EmbeddedWriter, OwnedRecord};
use tidegate_engine::clock::ManualClock;
use tidegate_engine::limits::Limits;
use tidegate_engine::program::Program;
use tidegate_engine::topics::read_topics;
use tidegate_engine::worker::{Tick, Worker};
use tidegate_model::plan::Plan;
use tidegate_model::time::parse_rfc3339;
use tidegate_model::{EventTime, Offset, PartitionId, TopicPartition};
use tidegate_state::{Shared, StateDir};

const TICK: Duration = Duration::from_millis(1);
/// So many idle ticks in a row, and nothing more comes: markers of a repartition are read in the next one.
const IDLE_TICKS: u32 = 3;
const TICKS_MAX: u32 = 10_000;
const STATE_BYTES: usize = 8 << 20;

type TestWorker = Worker<EmbeddedReader, EmbeddedWriter, EmbeddedRestorer, ManualClock>;

/// One log and one directory for all cases of a test: a topology's names are its own.
pub struct Engine {
    log: Arc<EmbeddedLog>,
    dir: tempfile::TempDir,
    shared: Shared,
    count: usize,
}

/// A case as it runs.
struct Run<'a> {
    engine: &'a Engine,
    plan: Plan,
    clock: ManualClock,
    worker: TestWorker,
}

impl Engine {
    pub fn new() -> Engine {
        // In memory where there is such a place: thousands of stores are opened, and each would wait for the disk.
        let memory = Path::new("/dev/shm");
        let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        Engine {
            log: EmbeddedLog::in_memory().expect("a log"),
            dir: dir.expect("a directory"),
            shared: Shared::new(STATE_BYTES),
            count: 0,
        }
    }

    /// The rows after each chunk of events.
    pub fn ask(&mut self, case: &Case) -> Result<Vec<Vec<Row>>, String> {
        self.count += 1;
        let name = format!("c{}", self.count);
        let plan = plan(case, &name)?;
        self.log.create_topics(&plan, 1).map_err(|error| error.to_string())?;
        let steps = self.run(case, plan);
        let _ = std::fs::remove_dir_all(self.dir.path().join(&name));
        steps
    }

    fn run(&self, case: &Case, plan: Plan) -> Result<Vec<Vec<Row>>, String> {
        let clock = ManualClock::default();
        let worker = self.worker(&plan, &clock)?;
        let mut run = Run { engine: self, plan, clock, worker };
        run.settle()?;
        let mut steps = Vec::new();
        let mut read = Offset(0);
        for chunk in case.chunks() {
            for index in chunk.clone() {
                run.append(case, &case.events[index])?;
            }
            run.settle()?;
            let records = run.rows_from(read)?;
            read = Offset(read.0 + records.len() as i64);
            steps.push(records.iter().map(|record| row(case.operator, record)).collect());
            if case.feed.restart.is_some_and(|behind| chunk.contains(&behind)) {
                run = run.restart()?;
            }
        }
        Ok(steps)
    }

    fn worker(&self, plan: &Plan, clock: &ManualClock) -> Result<TestWorker, String> {
        let limits = Limits {
            commit_interval: Duration::ZERO,
            commit_interval_idle: Duration::ZERO,
            marker_interval: Duration::ZERO,
            cache_bytes: STATE_BYTES,
            ..Limits::default()
        };
        let group = &plan.topology;
        let mut writer = self.log.writer(group);
        let program = Program::new(plan.clone(), limits, &mut writer).map_err(|error| error.to_string())?;
        let reader = self.log.reader(group, &read_topics(plan), 0, 1);
        let state = StateDir::open(self.dir.path(), group).map_err(|error| error.to_string())?;
        let restorer = self.log.restorer();
        Ok(Worker::new(
            reader,
            writer,
            restorer,
            clock.clone(),
            program,
            Arc::new(state),
            self.shared.clone(),
        ))
    }
}

/// The case's plan, or what the check has against it.
fn plan(case: &Case, name: &str) -> Result<Plan, String> {
    let text = topology(case, name);
    let file = SourceFile::new(format!("{name}.tide"), text.clone());
    let compiled = compile(&file, &|_| None);
    compiled.plan.ok_or_else(|| format!("{text}does not compile: {:?}", compiled.diagnostics))
}

impl Run<'_> {
    fn append(&self, case: &Case, event: &Event) -> Result<(), String> {
        let name = if case.feed.one_topic { "s" } else { event.topic.name() };
        let key = event.key_text();
        let value = event.value.map(|value| {
            // A negative one refers to nothing.
            let refers = (value >= 0).then(|| format!("k{value}"));
            json!({ "k": key, "v": value, "side": event.topic.name(), "refers": refers })
                .to_string()
                .into_bytes()
        });
        let record = (PartitionId(0), EventTime::from_micros(event.time), Some(key.into_bytes()), value);
        let topic = format!("{}.{name}", self.plan.topology);
        self.engine.log.append(&topic, &[record], None).map_err(|error| error.to_string())
    }

    /// Works until nothing happens any more.
    fn settle(&mut self) -> Result<(), String> {
        let mut idle = 0;
        for _ in 0..TICKS_MAX {
            self.clock.advance(TICK);
            match self.worker.tick().map_err(|error| error.to_string())? {
                Tick::Idle(_) => idle += 1,
                Tick::Worked | Tick::Restoring => idle = 0,
            }
            if idle == IDLE_TICKS {
                return Ok(());
            }
        }
        Err("the topology does not come to rest".to_owned())
    }

    fn rows_from(&self, offset: Offset) -> Result<Vec<OwnedRecord>, String> {
        let topic = format!("{}.out", self.plan.topology);
        let partition = TopicPartition { topic, partition: PartitionId(0) };
        self.engine.log.read(&partition, offset, usize::MAX).map_err(|error| error.to_string())
    }

    fn restart(self) -> Result<Self, String> {
        let Run { engine, plan, clock, worker } = self;
        worker.close().map_err(|error| error.to_string())?;
        let worker = engine.worker(&plan, &clock)?;
        let mut run = Run { engine, plan, clock, worker };
        run.settle()?;
        Ok(run)
    }
}

/// Where an operator's values are in its rows.
fn fields(operator: Operator) -> &'static [&'static str] {
    match operator {
        Operator::Totals | Operator::Window { .. } => &["/n", "/total", "/low", "/high"],
        Operator::Latest => &["/v"],
        Operator::JoinStreams { .. } | Operator::JoinTable { .. } | Operator::JoinSums { .. } => {
            &["/l", "/r"]
        }
        Operator::JoinTables { .. } | Operator::JoinForeign { .. } => &["/v", "/right/v"],
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
    row["k"].as_str().expect("a row has its key").to_owned()
}

fn window_of(row: &Value) -> Option<(i64, i64)> {
    let micros = |place: &str| {
        let bound = row.pointer(place)?.as_str()?;
        Some(parse_rfc3339(bound.as_bytes())?.micros())
    };
    micros("/window/start").zip(micros("/window/end"))
}
