//! Everything of one run: the cluster, the processes, time, and what goes wrong.
//!
//! Nothing here happens beside anything else. While a worker waits for an answer, others may be let work (`meanwhile`): they are deeper on the
//! same stack, and the waiting one goes on when they are done.

use super::broker::Cluster;
use super::case::{Case, Fault};
use super::disk::SimDisk;
use super::input::Event;
use super::line::SimClock;
use super::oracle::Oracle;
use super::planted::Planted;
use super::random::Random;
use super::reader::SimReader;
use super::restorer::{Seats, SimRestorer};
use super::trace::Trace;
use super::writer::SimWriter;
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use tidegate_engine::worker::Worker;
use tidegate_model::TopicPartition;
use tidegate_model::plan::Plan;
use tidegate_state::StateDir;

pub type SimWorker = Worker<SimReader, SimWriter, SimRestorer, SimClock>;

/// More requests than any run needs: who asks more often is stuck.
const CALLS_MAX: u64 = 400_000;

/// What happened how often, so that nobody trusts a run in which nothing did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    pub commits: u64,
    pub aborts: u64,
    pub unknown: u64,
    pub suspects: u64,
    pub resets: u64,
    pub restores: u64,
    pub undelivered: u64,
    pub late_ends: u64,
    pub rebalances: u64,
    pub kills: u64,
    pub faults: u64,
    pub stores_checked: u64,
    pub rows: u64,
    pub nested: u64,
}

pub struct Process {
    pub disk: RefCell<SimDisk>,
    pub state: Arc<StateDir>,
    /// Another one after each loss of the disk.
    pub instance: Cell<u32>,
    pub alive: Cell<bool>,
    /// When it is started again.
    pub start_at: Cell<i64>,
    pub workers: Vec<RefCell<Option<SimWorker>>>,
}

pub struct World {
    pub case: Case,
    pub planted: Planted,
    pub plan: Plan,
    pub cluster: RefCell<Cluster>,
    pub oracle: RefCell<Oracle>,
    pub processes: Vec<Process>,
    /// What is still to be appended to the inputs, last first.
    pub input: RefCell<Vec<Event>>,
    /// Behind the last record of each input.
    pub input_ends: RefCell<std::collections::BTreeMap<TopicPartition, i64>>,
    now: Cell<i64>,
    schedule: RefCell<Random>,
    faults: RefCell<Random>,
    fault_count: Cell<u64>,
    pub healing: Cell<bool>,
    calls: Cell<u64>,
    pub depth: Cell<u32>,
    pub seats: Seats,
    wrong: RefCell<Option<String>>,
    trace: RefCell<Trace>,
    counts: Cell<Counts>,
}

/// What a world is made of.
pub struct Parts {
    pub case: Case,
    pub planted: Planted,
    pub plan: Plan,
    pub cluster: Cluster,
    pub oracle: Oracle,
    pub processes: Vec<Process>,
    pub input: Vec<Event>,
    pub record: bool,
}

impl World {
    pub fn new(parts: Parts) -> World {
        let seed = parts.case.seed;
        World {
            case: parts.case,
            planted: parts.planted,
            plan: parts.plan,
            cluster: RefCell::new(parts.cluster),
            oracle: RefCell::new(parts.oracle),
            processes: parts.processes,
            input: RefCell::new(parts.input),
            input_ends: RefCell::default(),
            now: Cell::new(0),
            schedule: RefCell::new(Random::new(seed, 5)),
            faults: RefCell::new(Random::new(seed, 6)),
            fault_count: Cell::new(0),
            healing: Cell::new(false),
            calls: Cell::new(0),
            depth: Cell::new(0),
            seats: Seats::default(),
            wrong: RefCell::new(None),
            trace: RefCell::new(Trace::new(parts.record)),
            counts: Cell::default(),
        }
    }

    pub fn process(&self, number: usize) -> &Process {
        &self.processes[number]
    }

    pub fn now(&self) -> i64 {
        self.now.get()
    }

    /// Time goes on, and what is due happens.
    pub fn pass(&self, micros: i64) {
        self.now.set(self.now.get() + micros);
        self.cluster.borrow_mut().run(self.now.get());
    }

    pub fn between(&self, least: i64, most: i64) -> i64 {
        self.schedule.borrow_mut().between(least, most)
    }

    pub fn count(&self, add: impl FnOnce(&mut Counts)) {
        let mut counts = self.counts.get();
        add(&mut counts);
        self.counts.set(counts);
    }

    pub fn counts(&self) -> Counts {
        let cluster = self.cluster.borrow();
        Counts {
            late_ends: cluster.late_ends,
            rebalances: cluster.group.rebalances,
            rows: self.oracle.borrow().rows() as u64,
            ..self.counts.get()
        }
    }

    pub fn note(&self, what: &str, numbers: &[i64]) {
        self.trace.borrow_mut().note(self.now(), what, numbers);
    }

    pub fn hash(&self) -> u64 {
        self.trace.borrow().hash
    }

    pub fn take_lines(&self) -> Vec<String> {
        self.trace.borrow_mut().lines.take().unwrap_or_default()
    }

    /// Does a fault happen now? It is asked each time when it could.
    pub fn fault(&self, fault: Fault, per_mille: u32) -> bool {
        if self.healing.get() || !self.case.faults.contains(&fault) {
            return false;
        }
        if !self.faults.borrow_mut().chance(per_mille) {
            return false;
        }
        let number = self.fault_count.get();
        self.fault_count.set(number + 1);
        if self.case.left_out.contains(&number) {
            return false;
        }
        self.trace.borrow_mut().note(self.now(), &format!("fault {number}: {fault:?}"), &[]);
        self.count(|counts| counts.faults += 1);
        true
    }

    /// How many faults have happened, or were left out.
    pub fn faults_drawn(&self) -> u64 {
        self.fault_count.get()
    }

    pub fn count_call(&self) {
        self.calls.set(self.calls.get() + 1);
        if self.calls.get() > CALLS_MAX {
            self.found(format!("more than {CALLS_MAX} requests: somebody asks for ever"));
        }
    }

    /// Something that must never be. The first counts, and ends the run.
    pub fn found(&self, wrong: String) {
        self.wrong.borrow_mut().get_or_insert(wrong);
    }

    pub fn is_stopped(&self) -> bool {
        self.wrong.borrow().is_some()
    }

    pub fn wrong(&self) -> Option<String> {
        self.wrong.borrow().clone()
    }

    pub fn observe(&self) {
        let seen = self.oracle.borrow_mut().observe(&self.cluster.borrow());
        if let Err(wrong) = seen {
            self.found(wrong);
        }
        if let Some(members) = self.cluster.borrow().group.members_at_rest() {
            *self.seats.lock().expect("no holder of this lock panics") = members;
        }
    }

    /// Ends a process at once, wherever it is.
    pub fn kill(&self, number: usize) {
        let process = &self.processes[number];
        if !process.alive.replace(false) {
            return;
        }
        self.note("killed", &[number as i64]);
        self.count(|counts| counts.kills += 1);
        process.disk.borrow().kill();
        process.start_at.set(self.now() + self.between(1_000, 3_000_000));
        let mut cluster = self.cluster.borrow_mut();
        cluster.links[number].dead = true;
        for client in cluster.group.clients.iter_mut().filter(|client| client.process == number) {
            client.gone = true;
        }
    }
}
