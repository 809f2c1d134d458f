//! A process dies, or fails, at each step of commit, rebalance and restore that has a failpoint.

use crate::Case;
use crate::bed::{Bed, How};
use crate::support::{pause, until};
use std::time::Duration;

pub const CASES: &[Case] = &[
    Case::new("killed_in_the_commit", "F2", killed_in_the_commit).in_short_form(),
    Case::new("killed_at_each_step", "F2", killed_at_each_step),
    Case::new("failing_steps", "F2", failing_steps),
    Case::new("killed_in_a_rebalance", "F2, F12", killed_in_a_rebalance),
    Case::new("killed_in_a_restore", "F2", killed_in_a_restore),
    Case::new("killed_while_closing", "F2, F19", killed_while_closing),
];

/// Steps that every process comes to by itself, with what makes it come there.
const COMMIT: [&str; 3] = ["commit.offsets=kill@20", "commit.answered=kill@20", "commit.half_stored=kill@20"];
const ALL: [&str; 14] = [
    "commit.begun=kill@30",
    "commit.half_prepared=kill@31",
    "commit.prepared=kill@30",
    "commit.drained=kill@30",
    "commit.offsets=kill@30",
    "commit.answered=kill@30",
    "commit.half_stored=kill@31",
    "commit.stored=kill@30",
    "store.writing=kill@4",
    "store.written=kill@4",
    "commit.drained=error@30;abort.begun=kill",
    "commit.drained=error@30;abort.done=kill",
    "commit.answered=error@30;reset.half=kill@3",
    "commit.answered=error@30;reset.done=kill@2",
];

impl Bed {
    /// Starts a process with failpoints, and waits until the last of them has killed it.
    fn dies(&mut self, number: usize, failpoints: &str) {
        let name = failpoints.rsplit(';').next().and_then(|last| last.split('=').next()).expect("a name");
        let wanted = format!("failpoint {name} (");
        let before = self.told(number).matches(&wanted).count();
        let how = How { failpoints: failpoints.to_owned(), ..How::default() };
        self.start(number, &how);
        self.killed(number, &wanted, before);
    }

    /// Waits for the death of a process at a failpoint.
    fn killed(&mut self, number: usize, wanted: &str, before: usize) {
        let status = self.running(number).wait();
        use std::os::unix::process::ExitStatusExt;
        assert_eq!(status.signal(), Some(libc::SIGKILL), "process {number}: {status}\n{}", self.tail(number));
        let told = self.told(number);
        assert!(told.matches(wanted).count() > before, "{wanted}: the failpoint has fired");
        self.processes[number] = None;
    }
}

fn all_of(bed: &mut Bed, points: &[&str]) {
    bed.begin(2);
    bed.more_payments(1_000);
    for point in points {
        bed.kill(0);
        bed.dies(0, point);
        bed.start(0, &How::default());
        bed.more_payments(500);
    }
    bed.bitten(format!("a process has died at each of {}", points.join(", ")));
}

fn killed_in_the_commit(bed: &mut Bed) {
    all_of(bed, &COMMIT);
}

fn killed_at_each_step(bed: &mut Bed) {
    all_of(bed, &ALL);
}

/// Steps that fail without a death: refused and aborted, nobody knows, and the coordinator is away meanwhile.
fn failing_steps(bed: &mut Bed) {
    bed.prepare();
    let points = [
        ("commit.drained=error@40", "the transaction was aborted"),
        ("commit.offsets=error@40", "nobody knows whether the transaction was committed"),
        ("commit.answered=error@40", "nobody knows whether the transaction was committed"),
        ("commit.answered=error@40;reset.begun=error@2", "a failpoint has the coordinator away"),
        ("commit.drained=error@40;abort.begun=error", "the abort failed"),
    ];
    for (number, (point, _)) in points.iter().enumerate().take(2) {
        bed.start(number, &How { failpoints: (*point).to_owned(), ..How::default() });
    }
    bed.begin_load(1_500);
    for (turn, (point, told)) in points.iter().enumerate() {
        let number = turn % 2;
        if turn > 1 {
            let stopped = bed.processes[number].take().expect("it is at work");
            assert!(stopped.stop().success());
            bed.start(number, &How { failpoints: (*point).to_owned(), ..How::default() });
        }
        until(told, || {
            bed.all_alive();
            bed.told(number).contains(told).then_some(())
        });
        bed.bitten(format!("{point}: {told}"));
        bed.more_payments(500);
    }
}

/// A process dies while partitions move, since another one comes.
fn killed_in_a_rebalance(bed: &mut Bed) {
    bed.begin(1);
    let points = ["group.revoking", "group.committed", "group.revoked", "group.assigned"];
    for (turn, point) in points.iter().enumerate() {
        bed.more_payments(1_000);
        bed.kill(0);
        // The first assignment is when it comes back.
        let times = if *point == "group.assigned" { 2 } else { 1 };
        bed.start(0, &How { failpoints: format!("{point}=kill@{times}"), ..How::default() });
        bed.more_payments(3_000);
        bed.start(turn + 1, &How::default());
        bed.killed(0, &format!("failpoint {point} ("), 0);
        bed.start(0, &How::default());
    }
    // It stands still until its partitions are another's, and dies when it hears of it.
    bed.kill(0);
    bed.start(0, &How { failpoints: "group.lost=kill".to_owned(), ..How::default() });
    bed.more_payments(3_000);
    bed.running(0).signal(libc::SIGSTOP);
    pause(Duration::from_secs(9));
    bed.running(0).signal(libc::SIGCONT);
    bed.killed(0, "failpoint group.lost (", 0);
    bed.start(0, &How::default());
    bed.bitten(format!("a process has died at each of {}, group.lost", points.join(", ")));
    bed.more_payments(3_000);
}

/// A process that has lost its stores dies while it reads them back.
fn killed_in_a_restore(bed: &mut Bed) {
    bed.begin(2);
    bed.more_payments(3_000);
    let points =
        ["restore.begun=kill@3", "restore.half=kill@2", "restore.done=kill@1", "restore.opened=kill@2"];
    for point in points {
        bed.kill(0);
        bed.lose_stores(0);
        bed.dies(0, point);
        bed.start(0, &How::default());
        bed.more_payments(1_000);
    }
    bed.bitten(format!("a process has died at each of {}", points.join(", ")));
}

/// A process is told to end, and is killed on the way.
fn killed_while_closing(bed: &mut Bed) {
    bed.begin(2);
    let points = ["close.begun", "close.committed", "close.synced"];
    for point in points {
        bed.kill(0);
        bed.start(0, &How { failpoints: format!("{point}=kill"), ..How::default() });
        bed.more_payments(3_000);
        bed.running(0).signal(libc::SIGTERM);
        bed.killed(0, &format!("failpoint {point} ("), 0);
        bed.start(0, &How::default());
    }
    bed.bitten(format!("a process has died at each of {}", points.join(", ")));
    pause(Duration::from_millis(500));
}
