//! A run on the embedded log: files in, files out, nothing else needed.

use super::feed::{self, Feeder};
use super::follow::{Follower, To};
use super::memory::{Memory, Size};
use super::resident;
use super::{Arguments, Input, Stopped, drive, environment, inputs, own_topics, pair};
use crate::signals;
use anyhow::{Context, Result, anyhow, bail};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tidegate_embedded::EmbeddedLog;
use tidegate_engine::clock::SystemClock;
use tidegate_engine::limits::Limits;
use tidegate_engine::operator::Counters;
use tidegate_engine::program::Program;
use tidegate_engine::topics::{read_topics, user_topics};
use tidegate_engine::worker::{Status, Worker};
use tidegate_http::{Deliveries, Delivery, http_sinks};
use tidegate_model::plan::{Node, NodeKind, Plan};
use tidegate_model::{PartitionId, TopicPartition};
use tidegate_state::layout::own_directory;
use tidegate_state::{Shared, StateDir};

const FOLLOW: Duration = Duration::from_millis(20);

/// What a run needs besides the plan, checked before anything is made.
struct Setup {
    inputs: Vec<(Input, feed::From)>,
    /// Topic, and where its rows go.
    outputs: Vec<(String, To)>,
}

pub fn run(plan: &Plan, arguments: &Arguments, quiet: bool) -> Result<(), Stopped> {
    let setup = setup(plan, arguments).map_err(Stopped::Unusable)?;
    let memory = Memory::new(arguments.memory).map_err(|why| Stopped::Unusable(anyhow!(why)))?;
    let memory = memory.without_log().without(0, http_sinks(plan).count());
    let memory = memory.map_err(|why| Stopped::Unusable(anyhow!(why)))?;
    resident::watch(memory);
    let temporary = match &arguments.data {
        Some(_) => None,
        None => Some(tempfile::tempdir().map_err(|error| Stopped::Unusable(error.into()))?),
    };
    let data =
        arguments.data.clone().unwrap_or_else(|| temporary.as_ref().expect("made above").path().to_owned());
    let outputs: Vec<String> = setup.outputs.iter().map(|(topic, _)| topic.clone()).collect();
    let prepared = prepare(plan, arguments, setup, &data).map_err(Stopped::Unusable)?;
    let read_before: Vec<String> =
        prepared.feeders.iter().filter_map(Feeder::read_before).map(str::to_owned).collect();
    let (counters, delivered) = prepared.go(plan, arguments, memory).map_err(Stopped::Failed)?;
    if quiet {
        return Ok(());
    }
    eprintln!("{}: {}", plan.topology, told(&counters));
    for (sink, Deliveries { sent, retried, failed, waiting }) in delivered {
        eprintln!("  {sink}: {sent} sent, {retried} retried, {failed} failed, {waiting} waiting");
    }
    for name in read_before {
        eprintln!(
            "  nothing was new for `{name}`: an earlier run with this --data has read the file to its end"
        );
    }
    if let Some(kept) = kept_alone(plan, &outputs, arguments.data.as_deref()) {
        eprintln!("  {kept}");
    }
    Ok(())
}

/// Without any `--output` rows are easily thought to be lost.
fn kept_alone(plan: &Plan, outputs: &[String], data: Option<&Path>) -> Option<String> {
    if !outputs.is_empty() {
        return None;
    }
    let sinks = plan.nodes.iter().filter_map(|node| match &node.kind {
        NodeKind::Sink(sink) if !is_fed_by_itself(plan, &sink.topic) => {
            Some((node.name.strip_suffix(".sink").unwrap_or(&node.name), sink.topic.as_str()))
        }
        _ => None,
    });
    let sinks: Vec<(&str, &str)> = sinks.collect();
    let (first, _) = sinks.first()?;
    let topics: Vec<&str> = sinks.iter().map(|(_, topic)| *topic).collect();
    let lie = match data {
        Some(data) => format!("are kept in the log of {}", data.display()),
        None => "went with this run's log, since there is no --data".to_owned(),
    };
    Some(format!(
        "the rows of {} {lie}; `--output {first}=FILE` (or `=-`) writes them out",
        topics.join(", ")
    ))
}

/// The topic of a `via` is written to be read again.
fn is_fed_by_itself(plan: &Plan, topic: &str) -> bool {
    own_topics(plan).any(|(_, own)| own == topic)
}

fn told(counters: &Counters) -> String {
    let mut text = format!("{} records in, {} out", counters.records_in, counters.records_out);
    let counts = [
        (counters.malformed, "malformed"),
        (counters.late, "late"),
        (counters.errors, "errors"),
        (counters.expired, "expired"),
    ];
    for (number, word) in counts {
        if number > 0 {
            text.push_str(&format!(", {number} {word}"));
        }
    }
    text
}

fn setup(plan: &Plan, arguments: &Arguments) -> Result<Setup> {
    let known = inputs(plan);
    let mut chosen: Vec<(Input, feed::From)> = Vec::new();
    let mut stdin = 0;
    for option in &arguments.input {
        let (name, from) = pair(option, "--input")?;
        let Some(input) = known.iter().find(|input| input.name == name) else {
            let names: Vec<&str> = known.iter().map(|input| input.name.as_str()).collect();
            bail!(
                "--input {option}: the topology has no source or table `{name}`; it has {}",
                names.join(", ")
            );
        };
        if chosen.iter().any(|(other, _)| other.name == name) {
            bail!("--input {option}: `{name}` has an input already");
        }
        let from = feed::From::parse(from);
        match &from {
            feed::From::Stdin => stdin += 1,
            feed::From::File(path) if !path.is_file() => {
                bail!("--input {option}: there is no file {}", path.display())
            }
            feed::From::File(_) => {}
        }
        chosen.push((input.clone(), from));
    }
    if stdin > 1 {
        bail!("standard input can feed one source only");
    }
    let example = &known[0].name;
    let has_data = arguments.data.as_ref().is_some_and(|data| log_dir(data).exists());
    if chosen.is_empty() && !has_data {
        bail!(
            "there is nothing to read: give `--input {example}=FILE.ndjson`, `--input {example}=-` for standard input, or `--brokers HOST:PORT` to run on Kafka"
        );
    }
    Ok(Setup { inputs: chosen, outputs: outputs(plan, arguments)? })
}

fn outputs(plan: &Plan, arguments: &Arguments) -> Result<Vec<(String, To)>> {
    let sinks: Vec<(&str, &str)> = plan
        .nodes
        .iter()
        .filter_map(|node| match &node.kind {
            NodeKind::Sink(sink) => {
                Some((node.name.strip_suffix(".sink").unwrap_or(&node.name), sink.topic.as_str()))
            }
            _ => None,
        })
        .collect();
    if let ([], [(_, topic)]) = (&arguments.output[..], &sinks[..]) {
        return Ok(vec![((*topic).to_owned(), To::Stdout)]);
    }
    let written: Vec<String> =
        user_topics(plan).into_iter().filter(|topic| !topic.read).map(|topic| topic.name).collect();
    let mut outputs = Vec::new();
    for option in &arguments.output {
        let (name, to) = pair(option, "--output")?;
        let by_sink = sinks.iter().find(|(sink, _)| *sink == name).map(|(_, topic)| (*topic).to_owned());
        let topic =
            by_sink.or_else(|| written.iter().find(|topic| *topic == name).cloned()).ok_or_else(|| {
                let mut names: Vec<&str> = sinks.iter().map(|(sink, _)| *sink).collect();
                names.extend(
                    written
                        .iter()
                        .map(String::as_str)
                        .filter(|topic| !sinks.iter().any(|(_, known)| known == topic)),
                );
                anyhow!(
                    "--output {option}: the topology has no sink `{name}`; it writes {}",
                    names.join(", ")
                )
            })?;
        if let To::File(path) = To::parse(to)
            && path.parent().is_some_and(|dir| dir != Path::new("") && !dir.is_dir())
        {
            bail!("--output {option}: there is no such folder");
        }
        outputs.push((topic, To::parse(to)));
    }
    Ok(outputs)
}

fn log_dir(data: &Path) -> PathBuf {
    data.join("log")
}

struct Prepared {
    log: Arc<EmbeddedLog>,
    state: Arc<StateDir>,
    feeders: Vec<Feeder>,
    followers: Vec<Follower>,
}

fn prepare(plan: &Plan, arguments: &Arguments, setup: Setup, data: &Path) -> Result<Prepared> {
    std::fs::create_dir_all(data).with_context(|| format!("--data {}", data.display()))?;
    own_directory(&log_dir(data))?;
    let log = EmbeddedLog::open(&log_dir(data))?;
    log.create_topics(plan, arguments.partitions)?;
    let state = Arc::new(StateDir::open(&data.join("state"), &plan.topology)?);
    let mut feeders = Vec::new();
    for (input, from) in &setup.inputs {
        log.unfinish(&input.topic)?;
        feeders.push(Feeder::open(&log, input, from)?);
    }
    for input in
        inputs(plan).iter().filter(|input| !setup.inputs.iter().any(|(given, _)| given.name == input.name))
    {
        let empty = is_empty(&log, &input.topic)?;
        tracing::info!(
            "`{}` has no --input: {}",
            input.name,
            if empty { "it is empty" } else { "only what is kept of it is read" }
        );
        log.finish(&input.topic)?;
    }
    // What the topology writes itself has no end that could be known before, so such a run has none either.
    for (name, topic) in own_topics(plan) {
        log.unfinish(topic)?;
        tracing::info!("`{name}` reads what this topology writes: the run goes on until it is stopped");
    }
    let followers =
        setup.outputs.iter().map(|(topic, to)| Follower::open(&log, topic, to)).collect::<Result<_>>()?;
    Ok(Prepared { log, state, feeders, followers })
}

fn is_empty(log: &EmbeddedLog, topic: &str) -> Result<bool> {
    for partition in 0..log.partitions(topic).unwrap_or(0) as i32 {
        let range =
            log.range(&TopicPartition { topic: topic.to_owned(), partition: PartitionId(partition) })?;
        if range.end > range.start {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Prepared {
    fn go(
        self,
        plan: &Plan,
        arguments: &Arguments,
        memory: Memory,
    ) -> Result<(Counters, Vec<(String, Deliveries)>)> {
        let stop = signals::stop_flag()?;
        let working = AtomicBool::new(true);
        let workers = arguments.workers.min(arguments.partitions);
        let status: Vec<Mutex<Status>> = (0..workers).map(|_| Mutex::default()).collect();
        let shared = Shared::new(memory.rocksdb());
        let bounds = (memory, arguments.state_budget);
        let Prepared { log, state, feeders, mut followers } = self;
        let no_more = AtomicBool::new(false);
        let mut delivered = Vec::new();
        std::thread::scope(|scope| -> Result<()> {
            // A feeder may wait for a line for ever, so it is not waited for.
            let (failed, failures) = std::sync::mpsc::channel::<anyhow::Error>();
            // A task reads a table to the end that it has when the task begins, so all rows that there are must be in the log by then.
            let (tables, sources): (Vec<Feeder>, Vec<Feeder>) =
                feeders.into_iter().partition(Feeder::is_finite_table);
            for table in tables {
                table.run(&stop)?;
            }
            for feeder in sources {
                let (stop, failed) = (Arc::clone(&stop), failed.clone());
                std::thread::Builder::new().name("feeder".to_owned()).spawn(move || {
                    if let Err(error) = feeder.run(&stop) {
                        let _ = failed.send(error);
                        stop.store(true, Ordering::SeqCst);
                    }
                })?;
            }
            let mut running = Vec::new();
            for (worker, status) in status.iter().enumerate() {
                let (log, state, shared, stop) = (&log, &state, &shared, &stop);
                let thread = std::thread::Builder::new().name(format!("worker-{worker}"));
                running.push(thread.spawn_scoped(scope, move || {
                    let result =
                        work(plan, log, state, shared, (worker as u32, workers), bounds, stop, status);
                    if result.is_err() {
                        stop.store(true, Ordering::SeqCst);
                    }
                    result
                })?);
            }
            let mut deliveries = Vec::new();
            for (node, _, outbox) in http_sinks(plan) {
                let (log, stop, no_more) = (&log, &stop, &no_more);
                let thread = std::thread::Builder::new().name(format!("delivery-{}", node.name));
                let running = thread.spawn_scoped(scope, move || {
                    let result = deliver((&plan.topology, node), &outbox, log, stop, no_more);
                    if result.is_err() {
                        stop.store(true, Ordering::SeqCst);
                    }
                    result
                })?;
                deliveries.push((node.name.clone(), running));
            }
            let following = scope.spawn(|| -> Result<()> {
                loop {
                    let last = !working.load(Ordering::SeqCst);
                    // A run that is refused shows none of the rows that an earlier one has made.
                    let is_open = |status: &Mutex<Status>| {
                        status.lock().expect("no holder of this lock panics").tasks > 0
                    };
                    if status.iter().any(is_open) {
                        for follower in &mut followers {
                            follower.copy()?;
                        }
                    }
                    if last {
                        return Ok(());
                    }
                    pause();
                }
            });
            let mut result = Ok(());
            for thread in running {
                let worked = thread.join().expect("a worker's panic ends the process");
                result = result.and(worked);
            }
            // All rows are in the outboxes by now.
            no_more.store(true, Ordering::SeqCst);
            for (sink, thread) in deliveries {
                match thread.join().expect("a delivery's panic ends the process") {
                    Ok(done) => delivered.push((sink, done)),
                    Err(error) => result = result.and(Err(error)),
                }
            }
            working.store(false, Ordering::SeqCst);
            let followed = following.join().expect("a follower does not panic");
            if let Ok(error) = failures.try_recv() {
                return Err(error);
            }
            result.and(followed)
        })?;
        let mut total = Counters::default();
        for status in &status {
            total.add(&status.lock().expect("no holder of this lock panics").counters);
        }
        Ok((total, delivered))
    }
}

fn deliver(
    (topology, node): (&str, &Node),
    outbox: &str,
    log: &Arc<EmbeddedLog>,
    stop: &AtomicBool,
    no_more: &AtomicBool,
) -> Result<Deliveries> {
    let reader = log.reader(outbox, &[outbox.to_owned()], 0, 1);
    let delivery =
        Delivery::new((topology, node), reader, log.writer(outbox), SystemClock::start(), &environment)?;
    Ok(delivery.run(stop, no_more)?)
}

#[expect(clippy::disallowed_methods, reason = "the rows' way out is looked at every few milliseconds")]
fn pause() {
    std::thread::sleep(FOLLOW);
}

#[expect(clippy::too_many_arguments, reason = "everything that the threads of a run share")]
fn work(
    plan: &Plan,
    log: &Arc<EmbeddedLog>,
    state: &Arc<StateDir>,
    shared: &Shared,
    (worker, workers): (u32, u32),
    (memory, state_budget): (Memory, Option<Size>),
    stop: &AtomicBool,
    status: &Mutex<Status>,
) -> Result<()> {
    let clock = SystemClock::start();
    let mut writer = log.writer(&plan.topology);
    let limits = Limits {
        cache_bytes: memory.caches(workers),
        uncommitted_bytes: memory.uncommitted(workers),
        ..Limits::default()
    };
    let program = Program::new(plan.clone(), limits, &mut writer)?;
    let reader = log.reader(&plan.topology, &read_topics(plan), worker, workers);
    let restorer = log.restorer();
    let worker_name = format!("worker {worker}");
    let worker =
        Worker::new(reader, writer, restorer, clock.clone(), program, Arc::clone(state), shared.clone());
    Ok(drive::drive(&worker_name, worker, &clock, stop, true, state_budget, status)?)
}
