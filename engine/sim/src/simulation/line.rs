//! How a client asks the cluster: what it sends may be lost, and what comes back, and the process may be killed before or behind it.

use super::broker::Cluster;
use super::broker::transactions::Refused;
use super::case::Fault;
use super::disk::SimDisk;
use super::world::World;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use tidegate_engine::clock::{Clock, WallTime};

/// What is asked for, which decides who answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Request {
    /// Of a partition's leader.
    Produce,
    Range,
    /// Of the coordinator of transactions.
    Init,
    Add,
    End,
    /// Of the group's coordinator.
    CommitOffsets,
    FetchOffsets,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Failed {
    /// The process is dead; nothing that it does has an effect any more.
    Killed,
    /// No answer, whether it was done or not.
    Away,
    /// Another broker is to be asked, in a moment.
    Moving,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AskError {
    Killed,
    TimedOut,
    Refused(Refused),
}

const LATENCY_MAX: i64 = 3_000;
/// How long nothing comes from a cluster that cannot be reached, before it is tried again.
const AWAY_MAX: i64 = 900_000;
const MOVING_MAX: i64 = 200_000;
const CONCURRENT: i64 = 10_000;

/// A client's connection, for as long as its process lives.
#[derive(Clone)]
pub struct Line {
    pub world: Rc<World>,
    pub process: usize,
    disk: SimDisk,
    /// Has a request had no answer since somebody looked?
    pub failed: Rc<Cell<bool>>,
}

impl Line {
    pub fn new(world: &Rc<World>, process: usize) -> Line {
        let disk = world.process(process).disk.borrow().clone();
        Line { world: Rc::clone(world), process, disk, failed: Rc::default() }
    }

    pub fn is_alive(&self) -> bool {
        self.disk.is_alive() && !self.world.is_stopped()
    }

    pub fn is_open(&self) -> bool {
        let (cluster, now) = (self.world.cluster.borrow(), self.world.now());
        self.is_alive() && now >= cluster.down_until && cluster.links[self.process].is_open(now)
    }

    /// Another connection of the same process.
    pub fn another(&self) -> Line {
        Line { failed: Rc::default(), ..self.clone() }
    }

    /// One request, and its answer.
    pub fn request<T>(
        &self,
        request: Request,
        execute: impl FnOnce(&mut Cluster, i64) -> T,
    ) -> Result<T, Failed> {
        let world = &self.world;
        world.count_call();
        let alive = |line: &Line| if line.is_alive() { Ok(()) } else { Err(Failed::Killed) };
        alive(self)?;
        world.pass(world.between(0, LATENCY_MAX));
        world.meanwhile(self.process);
        alive(self)?;
        if world.fault(Fault::KillInCall, 4) {
            if world.between(0, 1) == 1 && self.is_open() {
                execute(&mut world.cluster.borrow_mut(), world.now());
            }
            world.kill(self.process);
            return Err(Failed::Killed);
        }
        if !self.is_open() {
            world.pass(world.between(0, AWAY_MAX));
            self.failed.set(true);
            return Err(Failed::Away);
        }
        let now = world.now();
        let moving = match request {
            Request::Produce | Request::Range => 0,
            Request::Init | Request::Add | Request::End => world.cluster.borrow().transactions_move_until,
            Request::CommitOffsets | Request::FetchOffsets => world.cluster.borrow().group_moves_until,
        };
        if now < moving {
            world.pass(world.between(0, MOVING_MAX));
            return Err(Failed::Moving);
        }
        if world.fault(Fault::LostRequest, 15) {
            self.failed.set(true);
            return Err(Failed::Away);
        }
        let answer = execute(&mut world.cluster.borrow_mut(), now);
        if world.fault(Fault::LostAnswer, 15) {
            self.failed.set(true);
            return Err(Failed::Away);
        }
        Ok(answer)
    }

    /// Asks until there is an answer that counts, at most for so long. What is asked for may be done more than once.
    pub fn ask<T>(
        &self,
        request: Request,
        timeout: Duration,
        mut execute: impl FnMut(&mut Cluster, i64) -> Result<T, Refused>,
    ) -> Result<T, AskError> {
        let until = self.world.now() + timeout.as_micros() as i64;
        loop {
            match self.request(request, &mut execute) {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(Refused::Concurrent | Refused::Unstable)) => self.world.pass(CONCURRENT),
                Ok(Err(refused)) => return Err(AskError::Refused(refused)),
                Err(Failed::Killed) => return Err(AskError::Killed),
                Err(Failed::Away | Failed::Moving) => {}
            }
            if self.world.now() >= until {
                return Err(AskError::TimedOut);
            }
        }
    }
}

#[derive(Clone)]
pub struct SimClock {
    pub world: Rc<World>,
}

impl Clock for SimClock {
    fn now(&self) -> WallTime {
        WallTime::from_micros(self.world.now())
    }

    fn unix_seconds(&self) -> i64 {
        const START: i64 = 1_750_000_000;
        START + self.world.now() / 1_000_000
    }
}
