//! Threads that send: each takes a row, waits for the answer, and brings it back.

use crate::verdict::Answer;
use crate::window::{Place, Row};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

pub struct Couriers {
    /// None: they are sent home.
    jobs: Option<Sender<(Place, Row)>>,
    answers: Receiver<(Place, Answer)>,
    threads: Vec<JoinHandle<()>>,
    on_the_way: usize,
}

impl Couriers {
    /// `send`: what each of them does with a row.
    pub fn start<F>(send: F, count: usize) -> std::io::Result<Couriers>
    where
        F: Fn(&Row) -> Answer + Clone + Send + 'static,
    {
        let (jobs, taken) = channel::<(Place, Row)>();
        let (answered, answers) = channel();
        let taken = Arc::new(Mutex::new(taken));
        let mut threads = Vec::new();
        for number in 0..count {
            let (send, taken, answered) = (send.clone(), Arc::clone(&taken), answered.clone());
            let thread = std::thread::Builder::new().name(format!("courier-{number}"));
            threads.push(thread.spawn(move || {
                loop {
                    let job = taken.lock().expect("no holder of this lock panics").recv();
                    let Ok((place, row)) = job else { return };
                    if answered.send((place, send(&row))).is_err() {
                        return;
                    }
                }
            })?);
        }
        Ok(Couriers { jobs: Some(jobs), answers, threads, on_the_way: 0 })
    }

    /// How many rows are on their way.
    pub fn on_the_way(&self) -> usize {
        self.on_the_way
    }

    pub fn are_all_busy(&self) -> bool {
        self.on_the_way == self.threads.len()
    }

    pub fn send(&mut self, place: Place, row: Row) {
        self.on_the_way += 1;
        let jobs = self.jobs.as_ref().expect("they are at work");
        jobs.send((place, row)).expect("a courier ends only when there are no more jobs");
    }

    /// The next answer, waited for at most so long.
    pub fn answer(&mut self, timeout: Duration) -> Option<(Place, Answer)> {
        match self.answers.recv_timeout(timeout) {
            Ok(answer) => {
                self.on_the_way -= 1;
                Some(answer)
            }
            Err(RecvTimeoutError::Timeout) => {
                // Its answer would be waited for without end.
                let panicked = self.threads.iter().any(JoinHandle::is_finished);
                assert!(!panicked, "a courier panicked");
                None
            }
            Err(RecvTimeoutError::Disconnected) => panic!("a courier panicked"),
        }
    }
}

impl Drop for Couriers {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_model::{EventTime, Offset};

    #[test]
    #[should_panic(expected = "a courier panicked")]
    fn a_courier_that_panicked_is_not_waited_for() {
        let mut couriers = Couriers::start(|_: &Row| panic!("what a test wants"), 2).expect("they start");
        let row = Row {
            offset: Offset(0),
            timestamp: EventTime::from_millis(0),
            key: None,
            json: Vec::new(),
            idempotency_key: String::new(),
        };
        couriers.send(Place { slot: 0, offset: Offset(0) }, row);
        for _ in 0..1_000 {
            couriers.answer(Duration::from_millis(10));
        }
    }
}
