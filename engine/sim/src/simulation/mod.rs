//! Deterministic simulation: production workers of several processes on a cluster, disks, a clock and a group that are made of one number.
//!
//! `engine/sim/DESIGN.md` tells what is modelled, what is asked after every step, and what is not.

mod broker;
mod case;
mod disk;
mod input;
mod line;
mod oracle;
mod planted;
mod producer;
mod random;
mod reader;
mod restorer;
mod schedule;
mod shrink;
mod trace;
mod world;
mod writer;

pub use case::{Case, Fault};
pub use oracle::Mode;
pub use planted::Planted;
pub use shrink::shrink;
pub use world::Counts;

use broker::group::Group;
use broker::{Cluster, Kind, Topic};
use disk::SimDisk;
use oracle::Oracle;
use random::Random;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use tidegate_engine::topics::{InternalKind, internal_topics, read_topics, user_topics};
use tidegate_model::plan::Plan;
use tidegate_state::StateDir;
use world::{Parts, Process, World};

const PROCESSES_MAX: usize = 3;
/// So long a healed cluster may take to be done: sessions and transactions of the dead run out in 10 seconds.
const HEALED_MAX: i64 = 240_000_000;
/// And so many rounds over its workers.
const ROUNDS_MAX: usize = 40_000;

/// A topology, and how what it writes is compared: each topic that it writes.
pub struct Topology {
    pub plan: Plan,
    pub sinks: Vec<(&'static str, Mode)>,
    /// Is it promised what becomes of events that are older than the watermark?
    pub takes_late: bool,
}

/// How a run went.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What must not be.
    pub wrong: Option<String>,
    /// Of all that happened.
    pub hash: u64,
    pub counts: Counts,
    /// Faults that happened, or would have.
    pub faults: u64,
    /// What happened, if it was to be recorded.
    pub lines: Vec<String>,
}

/// The topologies that are run, and the directories whose locks a process holds (what is in them is on a simulated disk).
pub struct Simulation {
    topologies: Vec<Topology>,
    states: Vec<Arc<StateDir>>,
    _dir: tempfile::TempDir,
}

impl Simulation {
    pub fn new(topologies: Vec<Topology>) -> Simulation {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let state = |number: usize| {
            StateDir::open(dir.path(), &format!("p{number}")).expect("a directory of its own")
        };
        let states = (0..PROCESSES_MAX).map(|number| Arc::new(state(number))).collect();
        Simulation { topologies, states, _dir: dir }
    }

    pub fn case(&self, seed: u64) -> Case {
        Case::of(seed, self.topologies.len())
    }

    pub fn name(&self, case: &Case) -> &str {
        &self.topologies[case.topology].plan.topology
    }

    /// Runs a case. The same one gives the same every time.
    pub fn run(&self, case: &Case, planted: Planted, record: bool) -> Outcome {
        let world = Rc::new(self.world(case, planted, record));
        let panicked = quietly(|| drive(&world)).err();
        if let Some(panicked) = panicked {
            world.found(format!("panicked: {panicked}"));
        }
        let outcome = Outcome {
            wrong: world.wrong(),
            hash: world.hash(),
            counts: world.counts(),
            faults: world.faults_drawn(),
            lines: world.take_lines(),
        };
        // Workers hold the world, and the world holds them.
        for process in &world.processes {
            process.disk.borrow().kill();
            for worker in &process.workers {
                if let Ok(mut worker) = worker.try_borrow_mut() {
                    *worker = None;
                }
            }
        }
        outcome
    }

    fn world(&self, case: &Case, planted: Planted, record: bool) -> World {
        let Topology { plan, sinks, takes_late } = &self.topologies[case.topology];
        let events = input::events(plan, *takes_late, case.partitions, case.events, case.seed);
        let oracle = Oracle::new(plan, sinks, &events, case.partitions);
        let mut cluster = cluster(plan, case);
        let rows = input::rows_of_tables(&events);
        for event in &events[..rows] {
            cluster.partition_mut(&event.place).append(event.record());
        }
        self.states.iter().for_each(|state| state.forget_asks());
        let process = |number: usize| Process {
            disk: RefCell::new(SimDisk::default().restart()),
            state: Arc::clone(&self.states[number]),
            instance: Cell::new(0),
            alive: Cell::new(true),
            start_at: Cell::new(0),
            workers: (0..case.workers).map(|_| RefCell::new(None)).collect(),
        };
        World::new(Parts {
            case: case.clone(),
            planted,
            plan: plan.clone(),
            cluster,
            oracle,
            processes: (0..case.processes).map(process).collect(),
            input: events[rows..].iter().rev().cloned().collect(),
            record,
        })
    }
}

fn cluster(plan: &Plan, case: &Case) -> Cluster {
    let mut topics = BTreeMap::new();
    let mut add = |name: &str, kind: Kind, partitions: u32| {
        let partitions = (0..partitions).map(|_| broker::log::Partition::default()).collect();
        topics.insert(name.to_owned(), Topic { kind, partitions });
    };
    for topic in user_topics(plan) {
        add(&topic.name, if topic.read { Kind::Input } else { Kind::Output }, case.partitions);
    }
    let internal = internal_topics(plan, &|_| case.partitions).expect("all have equally many partitions");
    for topic in internal {
        let kind = match topic.kind {
            InternalKind::Repartition | InternalKind::Outbox => Kind::Repartition,
            InternalKind::Changelog => Kind::Changelog,
        };
        add(&topic.name, kind, topic.partitions);
    }
    let read = read_topics(plan);
    let group = read.iter().map(|name| (name.clone(), topics[name].partitions.len() as u32)).collect();
    Cluster::new(topics, Group::new(group), case.processes, Random::new(case.seed, 7))
}

/// First faults are made, and nothing that is seen may be wrong; then there are none any more, and everything must come to its end.
fn drive(world: &Rc<World>) {
    for _ in 0..world.case.steps {
        if world.is_stopped() {
            return;
        }
        world.step();
    }
    heal(world);
    let until = world.now() + HEALED_MAX;
    for _ in 0..ROUNDS_MAX {
        if world.is_stopped() {
            return;
        }
        if is_done(world) {
            return end(world);
        }
        if world.now() > until {
            break;
        }
        world.round();
    }
    world.found(format!("it comes to no end: {}", lacking(world)));
}

fn heal(world: &Rc<World>) {
    world.note("healed", &[]);
    world.healing.set(true);
    world.cluster.borrow_mut().heal(world.now());
    for (number, process) in world.processes.iter().enumerate() {
        process.disk.borrow().fill(false);
        process.disk.borrow().fail(false);
        if number > 0 && world.case.one_survives {
            world.kill(number);
            process.start_at.set(i64::MAX);
        } else {
            process.start_at.set(world.now());
        }
    }
    world.feed(usize::MAX);
}

fn lacking(world: &World) -> String {
    let lacks = world.oracle.borrow().lacks();
    lacks.or_else(|| uncommitted(world)).unwrap_or_else(|| "a transaction is left open".to_owned())
}

fn uncommitted(world: &World) -> Option<String> {
    let cluster = world.cluster.borrow();
    let ends = world.input_ends.borrow();
    let behind = ends.iter().find(|(partition, end)| {
        cluster.group.committed(partition).is_none_or(|committed| committed.next.0 < **end)
    });
    behind.map(|(partition, end)| format!("{partition} is not committed up to {end}"))
}

fn is_done(world: &World) -> bool {
    world.cluster.borrow().is_settled()
        && uncommitted(world).is_none()
        && world.oracle.borrow().lacks().is_none()
}

/// Everything is there: the stores are right, too, and the end of the processes leaves nothing open.
fn end(world: &Rc<World>) {
    for process in world.processes.iter().filter(|process| process.alive.get()) {
        for worker in &process.workers {
            if let Some(worker) = &*worker.borrow() {
                world.check_stores(worker);
            }
        }
    }
    for number in 0..world.processes.len() {
        world.stop(number);
    }
    world.pass(30_000_000);
    world.observe();
    if !is_done(world) {
        world.found(format!("behind the end of all processes: {}", lacking(world)));
    }
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// What is panicked with is an answer here, and is not told on the way.
fn quietly<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: std::sync::Once = std::sync::Once::new();
    HOOK.call_once(|| {
        let others = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |told| {
            if QUIET.get() {
                PANICKED.replace(told.to_string());
            } else {
                others(told);
            }
        }));
    });
    QUIET.set(true);
    let result = catch_unwind(AssertUnwindSafe(run));
    QUIET.set(false);
    result.map_err(|_| PANICKED.take())
}

thread_local! {
    static PANICKED: RefCell<String> = const { RefCell::new(String::new()) };
}
