//! What happens next: a step of one worker, time, input, or a fault; and the way of each process from its start to its end.

use super::broker::Kind;
use super::case::Fault;
use super::disk::IO_ERROR;
use super::line::{Line, SimClock};
use super::reader::SimReader;
use super::restorer::{SimMembers, SimRestorer};
use super::world::{SimWorker, World};
use super::writer::SimWriter;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tidegate_engine::operator::TaskError;
use tidegate_engine::program::Program;
use tidegate_engine::standby::Standbys;
use tidegate_engine::worker::{Tick, Worker};
use tidegate_state::{Shared, StateError};

/// How deep workers may stand on each other: each waits for an answer while the next one works.
const DEPTH_MAX: u32 = 2;
const OUTAGE_MAX: i64 = 12_000_000;

impl World {
    /// Something happens.
    pub fn step(self: &Rc<World>) {
        match self.between(0, 99) {
            0..=77 => {
                let process = self.between(0, self.processes.len() as i64 - 1) as usize;
                let worker = self.between(0, self.processes[process].workers.len() as i64 - 1) as usize;
                self.tick(process, worker);
                self.pass(self.between(50, 2_000));
            }
            78..=87 => self.pass(self.between(1_000, 30_000)),
            88 => self.pass(self.between(100_000, 1_500_000)),
            89..=96 => self.feed(self.between(1, 6) as usize),
            _ => self.go_wrong(),
        }
        self.observe();
    }

    /// While one process waits for an answer, others may work, or it may be stopped for longer.
    pub fn meanwhile(self: &Rc<World>, process: usize) {
        if self.depth.get() >= DEPTH_MAX || self.is_stopped() {
            return;
        }
        let mut steps = if self.between(0, 24) == 0 { self.between(1, 12) } else { 0 };
        if self.fault(Fault::Pause, 1) {
            let until = self.now() + self.between(100_000, 25_000_000);
            self.cluster.borrow_mut().links[process].paused_until = until;
            steps = self.between(20, 80);
        }
        self.depth.set(self.depth.get() + 1);
        for _ in 0..steps {
            self.count(|counts| counts.nested += 1);
            self.step();
        }
        self.depth.set(self.depth.get() - 1);
        let paused_until = self.cluster.borrow().links[process].paused_until;
        if paused_until > self.now() {
            self.pass(paused_until - self.now());
        }
    }

    /// One step of a worker, which is started first where it is not at work.
    pub fn tick(self: &Rc<World>, number: usize, worker: usize) -> Option<Tick> {
        let process = &self.processes[number];
        let paused = self.cluster.borrow().links[number].paused_until > self.now();
        if paused || self.is_stopped() {
            return None;
        }
        if !process.alive.get() {
            self.restart(number);
            return None;
        }
        // It waits for an answer, below on the stack.
        let mut slot = process.workers[worker].try_borrow_mut().ok()?;
        let result = match &mut *slot {
            Some(running) => running.tick().map(Some),
            None => self.start(number, worker).map(|started| {
                *slot = Some(started);
                None
            }),
        };
        match result {
            Ok(tick) => {
                if let (Some(running), 0, true) = (&*slot, self.between(0, 7), process.alive.get()) {
                    self.observe();
                    self.check_stores(running);
                }
                tick
            }
            Err(error) => {
                *slot = None;
                drop(slot);
                self.fail(number, &error);
                None
            }
        }
    }

    pub fn check_stores(&self, worker: &SimWorker) {
        for task in worker.tasks() {
            self.count(|counts| counts.stores_checked += 1);
            if let Err(wrong) = self.oracle.borrow().check_store(&self.plan, task.id, task.store()) {
                self.found(wrong);
            }
        }
    }

    fn start(self: &Rc<World>, number: usize, worker: usize) -> Result<SimWorker, TaskError> {
        let process = &self.processes[number];
        let name = format!("p{number}.{}-{worker}", process.instance.get());
        self.note("starting", &[number as i64, worker as i64]);
        let line = Line::new(self, number);
        let limits = self.case.limits();
        let mut writer = SimWriter::open(line.clone(), &name, limits.broker_wait)?;
        let program = Program::new(self.plan.clone(), limits, &mut writer)?;
        let reader = SimReader::join(line.clone(), &name);
        let restorer = SimRestorer::new(line.clone());
        let clock = SimClock { world: Rc::clone(self) };
        let shared = Shared::on(Arc::new(process.disk.borrow().clone()));
        let mut started =
            Worker::new(reader, writer, restorer, clock, program, Arc::clone(&process.state), shared);
        if self.case.standbys() > 0 {
            let members = SimMembers { own: name, seats: Arc::clone(&self.seats), asked: false };
            let copies = Standbys::new(self.case.standbys(), Box::new(members), SimRestorer::new(line));
            started = started.with_standbys(copies);
        }
        started.plant(self.planted == super::planted::Planted::StoreBeforeCommit);
        Ok(started)
    }

    /// A worker has ended with an error, and its process with it.
    fn fail(self: &Rc<World>, number: usize, error: &TaskError) {
        if !self.processes[number].alive.get() || self.is_stopped() {
            return;
        }
        let is_of_disk = match error {
            TaskError::State(StateError::Store { cause, .. }) => {
                cause.contains("no space left") || cause.contains(IO_ERROR)
            }
            TaskError::State(StateError::Damaged { .. }) => true,
            _ => false,
        };
        if !is_of_disk {
            self.found(format!("process {number} ended by itself: {error}"));
        }
        self.note("failed", &[number as i64]);
        self.kill(number);
    }

    /// Starts a process again, if it is time and nothing of the old one is left on the stack.
    fn restart(self: &Rc<World>, number: usize) {
        let process = &self.processes[number];
        if self.now() < process.start_at.get() {
            return;
        }
        for worker in &process.workers {
            let Ok(mut worker) = worker.try_borrow_mut() else { return };
            *worker = None;
        }
        process.state.forget_asks();
        let disk = process.disk.borrow().restart();
        process.disk.replace(disk);
        process.alive.set(true);
        let mut cluster = self.cluster.borrow_mut();
        cluster.links[number] = super::broker::Link::default();
    }

    /// Appends some of what is still to be read.
    pub fn feed(&self, count: usize) {
        let (mut cluster, mut input) = (self.cluster.borrow_mut(), self.input.borrow_mut());
        for _ in 0..count {
            let Some(event) = input.pop() else { return };
            // Now and then somebody has given a transaction up there.
            if self.between(0, 19) == 0 {
                const STRANGER: u64 = 1 << 40;
                let partition = cluster.partition_mut(&event.place);
                partition.produce(STRANGER, 0, event.record());
                partition.mark(STRANGER, 0, false);
            }
            let offset = cluster.partition_mut(&event.place).append(event.record());
            self.input_ends.borrow_mut().insert(event.place.clone(), offset + 1);
        }
    }

    fn go_wrong(self: &Rc<World>) {
        let process = self.between(0, self.processes.len() as i64 - 1) as usize;
        let until = self.now() + self.between(50_000, OUTAGE_MAX);
        let now = self.now();
        let disk = self.processes[process].disk.borrow().clone();
        if self.fault(Fault::Kill, 120) {
            self.kill(process);
        }
        if self.fault(Fault::LosePower, 80) {
            self.kill(process);
            disk.lose_power(&mut |batches| self.between(0, batches as i64) as usize);
        }
        if self.fault(Fault::LoseDisk, 40) {
            self.kill(process);
            disk.lose_everything();
            self.processes[process].instance.set(self.processes[process].instance.get() + 1);
        }
        if self.case.faults.contains(&Fault::OldDisk) && self.between(0, 9) == 0 {
            disk.copy();
        }
        if self.fault(Fault::OldDisk, 60) {
            self.kill(process);
            disk.bring_back();
        }
        if self.fault(Fault::DiskFull, 60) {
            disk.fill(true);
        }
        if self.fault(Fault::DiskFails, 60) {
            disk.fail(true);
        }
        if self.between(0, 4) == 0 {
            disk.fill(false);
            disk.fail(false);
        }
        if self.fault(Fault::Damage, 60) {
            disk.damage(&mut |count| self.between(0, count as i64 - 1) as usize);
        }
        if self.fault(Fault::Stop, 80) {
            self.stop(process);
        }
        if self.fault(Fault::Pause, 60) {
            self.cluster.borrow_mut().links[process].paused_until = now + self.between(100_000, 25_000_000);
        }
        let mut cluster = self.cluster.borrow_mut();
        if self.fault(Fault::Cut, 80) {
            cluster.links[process].cut_until = until;
        }
        if self.fault(Fault::Outage, 60) {
            cluster.down_until = until;
        }
        if self.fault(Fault::TransactionsMove, 80) {
            cluster.transactions_move_until = until;
        }
        if self.fault(Fault::GroupMoves, 80) {
            cluster.group_moves_until = until;
        }
        if self.fault(Fault::SlowMarkers, 120) {
            cluster.markers_wait_until = until;
        }
        drop(cluster);
        if self.fault(Fault::Compaction, 300) {
            self.compact();
        }
        if self.fault(Fault::Trim, 200) {
            self.trim();
        }
    }

    fn compact(&self) {
        self.observe();
        let retention = self.case.deletion_retention().as_micros() as i64;
        let mut cluster = self.cluster.borrow_mut();
        for partition in cluster.partitions_of(Kind::Changelog) {
            cluster.partition_mut(&partition).compact(self.now(), retention);
        }
    }

    /// Repartitions and inputs behind what is committed, changelogs up to their first record.
    fn trim(&self) {
        self.observe();
        let mut cluster = self.cluster.borrow_mut();
        for kind in [Kind::Repartition, Kind::Input] {
            for partition in cluster.partitions_of(kind) {
                if let Some(committed) = cluster.group.committed(&partition) {
                    let next = committed.next.0;
                    cluster.partition_mut(&partition).delete_before(next);
                }
            }
        }
        for partition in cluster.partitions_of(Kind::Changelog) {
            let first = cluster.partition(&partition).first_entry();
            cluster.partition_mut(&partition).delete_before(first);
        }
    }

    /// Tells a process to end, which it does as soon as none of its workers waits for an answer.
    pub fn stop(self: &Rc<World>, number: usize) {
        let process = &self.processes[number];
        if !process.alive.get() {
            return;
        }
        self.note("stopping", &[number as i64]);
        for worker in &process.workers {
            let Ok(mut slot) = worker.try_borrow_mut() else { return };
            let Some(running) = slot.take() else { continue };
            // Nobody steps into this process meanwhile, as all of its threads are ending.
            let depth = self.depth.replace(DEPTH_MAX);
            let result = running.close();
            self.depth.set(depth);
            drop(slot);
            if let Err(error) = result {
                self.fail(number, &error);
            }
        }
        self.kill(number);
    }

    /// One round over all workers, for the time in which nothing goes wrong.
    pub fn round(self: &Rc<World>) {
        let mut rest = Duration::from_millis(50);
        for number in 0..self.processes.len() {
            for worker in 0..self.processes[number].workers.len() {
                match self.tick(number, worker) {
                    Some(Tick::Idle(idle)) => rest = rest.min(idle),
                    Some(_) => rest = rest.min(Duration::from_micros(500)),
                    None => {}
                }
            }
        }
        self.pass(rest.as_micros() as i64);
        self.observe();
    }
}
