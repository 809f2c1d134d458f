//! The production worker on a log in memory, with a clock that moves by itself.

#![allow(dead_code, reason = "each test program uses a part of it")]

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
use tidegate_model::{EventTime, Offset, PartitionId, TopicPartition};
use tidegate_state::{Shared, StateDir};

const TICK: Duration = Duration::from_millis(1);
/// So many idle ticks in a row, and nothing more comes: markers of a repartition are read in the next one.
const IDLE_TICKS: u32 = 3;
const TICKS_MAX: u32 = 10_000;
const STATE_BYTES: usize = 8 << 20;

type TestWorker = Worker<EmbeddedReader, EmbeddedWriter, EmbeddedRestorer, ManualClock>;

/// A record of an input: partition, time, key, value.
pub type Record = (PartitionId, EventTime, Option<Vec<u8>>, Option<Vec<u8>>);

/// One log and one directory for all cases of a test: a topology's names are its own.
pub struct Bed {
    log: Arc<EmbeddedLog>,
    dir: tempfile::TempDir,
    shared: Shared,
    count: usize,
}

/// A topology at work.
pub struct Run<'a> {
    bed: &'a Bed,
    pub plan: Plan,
    clock: ManualClock,
    worker: Option<TestWorker>,
    limits: Limits,
}

/// The plan of a topology file, or what the check has against it.
pub fn plan(name: &str, text: &str) -> Result<Plan, String> {
    let compiled = compile(&SourceFile::new(format!("{name}.tide"), text.to_owned()), &|_| None);
    compiled.plan.ok_or_else(|| format!("{text}does not compile: {:?}", compiled.diagnostics))
}

/// Everything is committed as soon as it is there.
pub fn limits() -> Limits {
    Limits {
        commit_interval: Duration::ZERO,
        commit_interval_idle: Duration::ZERO,
        marker_interval: Duration::ZERO,
        cache_bytes: STATE_BYTES,
        ..Limits::default()
    }
}

impl Bed {
    pub fn new() -> Bed {
        // In memory where there is such a place: thousands of stores are opened, and each would wait for the disk.
        let memory = Path::new("/dev/shm");
        let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        Bed {
            log: EmbeddedLog::in_memory().expect("a log"),
            dir: dir.expect("a directory"),
            shared: Shared::new(STATE_BYTES),
            count: 0,
        }
    }

    /// A name that no other topology of this bed has.
    pub fn name(&mut self) -> String {
        self.count += 1;
        format!("c{}", self.count)
    }

    /// Runs a topology that has the name of its own, and forgets its state behind `drive`.
    pub fn run<T>(
        &self,
        plan: Plan,
        partitions: u32,
        limits: Limits,
        drive: impl FnOnce(Run<'_>) -> Result<T, String>,
    ) -> Result<T, String> {
        let name = plan.topology.clone();
        self.log.create_topics(&plan, partitions).map_err(|error| error.to_string())?;
        let mut run = Run { bed: self, plan, clock: ManualClock::default(), worker: None, limits };
        run.start()?;
        let result = drive(run);
        let _ = std::fs::remove_dir_all(self.dir.path().join(name));
        result
    }

    fn worker(&self, plan: &Plan, limits: Limits, clock: &ManualClock) -> Result<TestWorker, String> {
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

impl Run<'_> {
    pub fn append(&self, topic: &str, records: &[Record]) -> Result<(), String> {
        self.bed.log.append(topic, records, None).map_err(|error| error.to_string())
    }

    /// One step of the worker.
    pub fn tick(&mut self) -> Result<Tick, String> {
        self.clock.advance(TICK);
        self.worker.as_mut().expect("it is at work").tick().map_err(|error| error.to_string())
    }

    /// Works until nothing happens any more.
    pub fn settle(&mut self) -> Result<(), String> {
        let mut idle = 0;
        for _ in 0..TICKS_MAX {
            match self.tick()? {
                Tick::Idle(_) => idle += 1,
                Tick::Worked | Tick::Restoring => idle = 0,
            }
            if idle == IDLE_TICKS {
                return Ok(());
            }
        }
        Err("the topology does not come to rest".to_owned())
    }

    pub fn rows_from(&self, partition: &TopicPartition, offset: Offset) -> Result<Vec<OwnedRecord>, String> {
        self.bed.log.read(partition, offset, usize::MAX).map_err(|error| error.to_string())
    }

    fn start(&mut self) -> Result<(), String> {
        self.worker = Some(self.bed.worker(&self.plan, self.limits.clone(), &self.clock)?);
        self.settle()
    }

    /// Nothing more comes to the topic.
    pub fn end(&self, topic: &str) -> Result<(), String> {
        self.bed.log.finish(topic).map_err(|error| error.to_string())
    }

    /// The worker is gone with everything that it has not committed, and another one goes on.
    pub fn crash(&mut self) -> Result<(), String> {
        self.worker = None;
        self.start()
    }

    /// The worker is closed, and another one goes on.
    pub fn restart(&mut self) -> Result<(), String> {
        let worker = self.worker.take().expect("it is at work");
        worker.close().map_err(|error| error.to_string())?;
        self.start()
    }
}
