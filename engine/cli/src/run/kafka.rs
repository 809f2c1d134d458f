//! A run on Kafka.

use super::memory::{Memory, Size};
use super::resident;
use super::{Arguments, Stopped, drive, environment};
use crate::signals;
use anyhow::{Context, Result, anyhow};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tidegate_engine::clock::SystemClock;
use tidegate_engine::limits::Limits;
use tidegate_engine::program::Program;
use tidegate_engine::standby::Standbys;
use tidegate_engine::topics::{global_topics, read_topics};
use tidegate_engine::worker::{Status, Worker};
use tidegate_http::{Delivery, http_sinks};
use tidegate_kafka::{
    Admin, AdminError, KafkaMembers, KafkaReader, KafkaRestorer, KafkaWriter, Options, Prepared, Settings,
};
use tidegate_model::plan::{Node, Plan};
use tidegate_state::{Shared, StateDir};

const DATA: &str = "tidegate-data";
const BROKER_PAUSE: Duration = Duration::from_secs(1);
const BROKER_WAIT: Duration = Duration::from_secs(10);

/// What the threads of a run share.
struct Run<'a> {
    plan: &'a Plan,
    brokers: &'a str,
    options: Options,
    settings: Settings,
    prepared: Prepared,
    state: Arc<StateDir>,
    shared: Shared,
    workers: u32,
    standbys: u32,
    commit_interval: Duration,
    memory: Memory,
    state_budget: Option<Size>,
    stop: Arc<AtomicBool>,
}

pub fn run(plan: &Plan, brokers: &str, arguments: &Arguments) -> Result<(), Stopped> {
    let unusable = |error: anyhow::Error| Stopped::Unusable(error);
    // Wrong options are told before a directory is made.
    let options = arguments.kafka.read().map_err(unusable)?;
    let commit_interval = Duration::from_millis(arguments.commit_interval);
    let with_standbys = if arguments.standbys > 0 { arguments.workers } else { 0 };
    let memory = Memory::new(arguments.memory)
        .and_then(|memory| memory.without(with_standbys, http_sinks(plan).count()))
        .map_err(|why| unusable(anyhow!(why)))?;
    let stop = signals::stop_flag().map_err(unusable)?;
    let data = arguments.data.clone().unwrap_or_else(|| DATA.into());
    let state = open_state(&data, &plan.topology).map_err(unusable)?;
    let settings = Settings::new(brokers, &options, &plan.topology, state.instance(), commit_interval);
    tracing::info!("{}: connecting to {brokers}", plan.topology);
    let Some(prepared) = prepare(plan, &settings, brokers, arguments.replication, &stop).map_err(unusable)?
    else {
        return Ok(());
    };
    let settings = match prepared.batch_bytes_max {
        Some(bytes) => settings.with_batch_bytes(bytes),
        None => settings,
    };
    let shared: u32 = read_topics(plan).iter().filter_map(|topic| prepared.partitions.get(topic)).sum();
    // Each worker reads all of a global table.
    let global: u32 = global_topics(plan).filter_map(|topic| prepared.partitions.get(topic)).sum();
    let partitions = shared + arguments.workers * global;
    if partitions > memory.partitions_max() {
        tracing::warn!(
            "{partitions} partitions in one process would take more than --memory {}, which is enough for {}",
            arguments.memory,
            memory.partitions_max()
        );
    }
    resident::watch(memory);
    let settings = settings.with_queues(memory.queues(arguments.workers, partitions));
    let run = Run {
        plan,
        brokers,
        options,
        settings,
        prepared,
        state,
        shared: Shared::new(memory.rocksdb()),
        workers: arguments.workers,
        standbys: arguments.standbys,
        commit_interval,
        memory,
        state_budget: arguments.state_budget,
        stop,
    };
    tracing::info!(
        "{}: running on {brokers} with {} workers; state in {}",
        plan.topology,
        run.workers,
        data.display()
    );
    run.go().map_err(Stopped::Failed)
}

fn open_state(data: &Path, topology: &str) -> Result<Arc<StateDir>> {
    let state = StateDir::open(&data.join("state"), topology)
        .with_context(|| format!("--data {}", data.display()))?;
    Ok(Arc::new(state))
}

/// Checks and makes topics, and waits for the broker meanwhile. None: stopped before it came.
fn prepare(
    plan: &Plan,
    settings: &Settings,
    brokers: &str,
    replication: Option<u16>,
    stop: &AtomicBool,
) -> Result<Option<Prepared>> {
    let admin = Admin::new(settings, replication)?;
    while !stop.load(Ordering::SeqCst) {
        match admin.prepare(plan) {
            Ok(prepared) => return Ok(Some(prepared)),
            Err(AdminError::Retry(why)) => {
                tracing::warn!("waiting for Kafka at {brokers}: {why}");
                pause();
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

#[expect(clippy::disallowed_methods, reason = "there is nothing to wait on while the broker is away")]
fn pause() {
    std::thread::sleep(BROKER_PAUSE);
}

impl Run<'_> {
    fn go(&self) -> Result<()> {
        let status: Vec<Mutex<Status>> = (0..self.workers).map(|_| Mutex::default()).collect();
        std::thread::scope(|scope| {
            let mut running = Vec::new();
            for (worker, status) in status.iter().enumerate() {
                let thread = std::thread::Builder::new().name(format!("worker-{worker}"));
                running.push(thread.spawn_scoped(scope, move || {
                    let result = self.work(worker as u32, status);
                    if result.is_err() {
                        self.stop.store(true, Ordering::SeqCst);
                    }
                    result
                })?);
            }
            for (node, _, outbox) in http_sinks(self.plan) {
                let thread = std::thread::Builder::new().name(format!("delivery-{}", node.name));
                running.push(thread.spawn_scoped(scope, move || {
                    let result = self.deliver(node, &outbox);
                    if result.is_err() {
                        self.stop.store(true, Ordering::SeqCst);
                    }
                    result
                })?);
            }
            let mut result = Ok(());
            for thread in running {
                result = result.and(thread.join().map_err(|_| anyhow!("a thread panicked")).flatten());
            }
            result
        })
    }

    /// Delivers what this process gets of an outbox, by a consumer group and a producer of its own.
    fn deliver(&self, node: &Node, outbox: &str) -> Result<()> {
        let instance = self.state.instance();
        let settings = Settings::new(self.brokers, &self.options, outbox, instance, self.commit_interval)
            .with_queues(Memory::queues_of_a_delivery());
        let settings = match self.prepared.batch_bytes_max {
            Some(bytes) => settings.with_batch_bytes(bytes),
            None => settings,
        };
        let writer = KafkaWriter::open(&settings, 0, &self.prepared, false, BROKER_WAIT)?;
        let reader = KafkaReader::join(&settings, 0, &[outbox.to_owned()])?;
        let delivery =
            Delivery::new((&self.plan.topology, node), reader, writer, SystemClock::start(), &environment)?;
        let never = AtomicBool::new(false);
        delivery.run(&self.stop, &never)?;
        Ok(())
    }

    fn work(&self, number: u32, status: &Mutex<Status>) -> Result<()> {
        let clock = SystemClock::start();
        let has_changelogs = self.plan.nodes.iter().any(tidegate_model::plan::Node::has_store);
        let mut writer =
            KafkaWriter::open(&self.settings, number, &self.prepared, has_changelogs, BROKER_WAIT)?;
        let limits = Limits {
            cache_bytes: self.memory.caches(self.workers),
            uncommitted_bytes: self.memory.uncommitted(self.workers),
            commit_interval: self.commit_interval,
            broker_wait: BROKER_WAIT,
            // Far from the time at which deletions are forgotten.
            store_age: self.prepared.delete_retention.map(|retention| retention / 2),
            ..Limits::default()
        };
        let program = Program::new(self.plan.clone(), limits, &mut writer)?;
        let reader = KafkaReader::join(&self.settings, number, &read_topics(self.plan))?;
        let restorer = KafkaRestorer::new(&self.settings);
        let name = format!("worker {number}");
        let state = Arc::clone(&self.state);
        let worker =
            Worker::new(reader, writer, restorer, clock.clone(), program, state, self.shared.clone());
        let worker = if self.standbys > 0 && has_changelogs {
            let members = KafkaMembers::new(&self.settings, number)?;
            let copier = KafkaRestorer::of_copies(&self.settings);
            worker.with_standbys(Standbys::new(self.standbys, Box::new(members), copier))
        } else {
            worker
        };
        Ok(drive::drive(&name, worker, &clock, &self.stop, false, self.state_budget, status)?)
    }
}
