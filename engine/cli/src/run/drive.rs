//! The loop around a worker.

use super::memory::Size;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tidegate_engine::clock::{Clock, WallTime};
use tidegate_engine::log::{Reader, Restorer, Writer};
use tidegate_engine::operator::TaskError;
use tidegate_engine::worker::{Status, Tick, Worker};

const REPORT: Duration = Duration::from_secs(10);
const RESTORE_REPORT: Duration = Duration::from_secs(1);
/// How long a signal is waited for at most.
const WAIT_MAX: Duration = Duration::from_millis(100);

/// Drives a worker until `stop` is set, or (`finite`) until its inputs are read to their ends. Then commits and leaves.
pub fn drive<R, W, S, C>(
    name: &str,
    mut worker: Worker<R, W, S, C>,
    clock: &C,
    stop: &AtomicBool,
    finite: bool,
    state_budget: Option<Size>,
    status: &Mutex<Status>,
) -> Result<(), TaskError>
where
    R: Reader,
    W: Writer<Group = R::Group>,
    S: Restorer,
    C: Clock,
{
    let mut report = Report::new(name, clock.now(), state_budget);
    let mut is_open = false;
    while !stop.load(Ordering::Relaxed) {
        let tick = worker.tick()?;
        if !is_open && !worker.tasks().is_empty() {
            is_open = true;
            *status.lock().expect("no holder of this lock panics") = worker.status();
        }
        let now = clock.now();
        if report.is_due(now, worker.is_restoring()) {
            let known = worker.status();
            report.tell(now, &known);
            *status.lock().expect("no holder of this lock panics") = known;
        }
        if let Tick::Idle(at_most) = tick {
            if finite && worker.is_drained() {
                break;
            }
            worker.wait(at_most.min(WAIT_MAX));
        }
    }
    let known = worker.status();
    worker.close()?;
    *status.lock().expect("no holder of this lock panics") = known;
    Ok(())
}

/// Says now and then what a worker does.
struct Report<'a> {
    name: &'a str,
    last: WallTime,
    events: u64,
    standbys: usize,
    last_of_restore: WallTime,
    remaining: Option<i64>,
    state_budget: Option<Size>,
}

impl<'a> Report<'a> {
    fn new(name: &'a str, now: WallTime, state_budget: Option<Size>) -> Report<'a> {
        Report {
            name,
            last: now,
            events: 0,
            standbys: 0,
            last_of_restore: now,
            remaining: None,
            state_budget,
        }
    }

    fn is_due(&self, now: WallTime, restores: bool) -> bool {
        now.since(self.last) >= REPORT || (restores && now.since(self.last_of_restore) >= RESTORE_REPORT)
    }

    fn tell(&mut self, now: WallTime, status: &Status) {
        self.tell_of_restore(now, status);
        if now.since(self.last) >= REPORT {
            self.tell_of_work(now, status);
        }
    }

    fn tell_of_restore(&mut self, now: WallTime, status: &Status) {
        let seconds = now.since(self.last_of_restore).as_secs_f64();
        self.last_of_restore = now;
        let left = status.restore_remaining;
        if left == 0 {
            self.remaining = None;
            return;
        }
        let before = self.remaining.replace(left);
        let rate = before.map_or(0.0, |before| (before - left).max(0) as f64 / seconds);
        let time_left =
            if rate > 0.0 { format!(", {:.0} s to go", left as f64 / rate) } else { String::new() };
        tracing::info!(
            "{}: restoring {} tasks while {} run: {left} changelog records left, {rate:.0}/s{time_left}",
            self.name,
            status.restoring,
            status.tasks
        );
    }

    fn tell_of_work(&mut self, now: WallTime, status: &Status) {
        let seconds = now.since(self.last).as_secs_f64();
        self.last = now;
        let counters = &status.counters;
        let standbys = match (status.standbys, status.standbys_behind) {
            (0, _) => String::new(),
            (count, 0) => format!("; {count} standbys"),
            (count, behind) => format!("; {count} standbys, {behind} changelog records behind"),
        };
        let rate = (counters.records_in - self.events.min(counters.records_in)) as f64 / seconds;
        if counters.records_in != self.events || status.standbys != self.standbys {
            tracing::info!(
                "{}: {} in ({rate:.0}/s), {} out, {} malformed, {} late, {} errors, {} expired; {} tasks, {} commits, state {}{standbys}",
                self.name,
                counters.records_in,
                counters.records_out,
                counters.malformed,
                counters.late,
                counters.errors,
                counters.expired,
                status.tasks,
                status.commits,
                Size(status.state_bytes)
            );
        }
        (self.events, self.standbys) = (counters.records_in, status.standbys);
        if let Some(budget) = self.state_budget.filter(|budget| status.state_bytes > budget.0) {
            tracing::warn!(
                "{}: its state takes {} on the disk, which is over the budget of {budget}; `tidegate explain FILE` shows what each step keeps, and for how long",
                self.name,
                Size(status.state_bytes)
            );
        }
    }
}
