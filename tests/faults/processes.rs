//! Processes that are killed, stopped or stand still, and the brokers they talk to.

use crate::Case;
use crate::bed::{Bed, How};
use crate::support::{pause, until};
use std::time::Duration;
use tidegate_sim::Api;

pub const CASES: &[Case] = &[
    Case::new("all_processes_killed_at_once", "F3", all_at_once),
    Case::new("broker_and_processes_killed", "F5", broker_and_processes),
    Case::new("broker_away_for_long", "F4", broker_away),
    Case::new("broker_stands_still", "F8", broker_stands_still),
    Case::new("broker_stands_still_for_long", "F8", broker_stands_still_long),
    Case::new("zombie_behind_its_session", "F6", zombie).in_short_form(),
    Case::new("zombie_behind_its_transaction", "F6", zombie_long),
    Case::new("worker_that_does_not_come_back_to_the_group", "F6", stuck),
    Case::new("twins_of_one_directory", "F7", twins),
    Case::new("rebalance_storm", "F12", rebalance_storm),
    Case::new("stopped_in_order", "F19", stopped_in_order),
];

fn all_at_once(bed: &mut Bed) {
    bed.begin(3);
    for _ in 0..3 {
        bed.more_payments(2_000);
        for number in 0..3 {
            bed.kill(number);
        }
        for number in 0..3 {
            bed.start(number, &How::default());
        }
    }
    bed.bitten("3 processes were killed at once, 3 times");
}

fn broker_and_processes(bed: &mut Bed) {
    bed.begin(3);
    for _ in 0..2 {
        bed.more_payments(2_000);
        bed.cluster.brokers[0].kill();
        for number in 0..3 {
            bed.kill(number);
        }
        for number in 0..3 {
            bed.start(number, &How::default());
        }
        bed.cluster.brokers[0].restart();
    }
    bed.bitten("the broker and 3 processes were killed at once, twice");
}

fn broker_away(bed: &mut Bed) {
    bed.begin(2);
    bed.more_payments(2_000);
    bed.cluster.brokers[0].kill();
    pause(Duration::from_secs(30));
    bed.all_alive();
    bed.cluster.brokers[0].restart();
    for number in 0..2 {
        assert!(bed.told(number).contains("no broker can be reached"), "{}", bed.tail(number));
    }
    bed.bitten("the broker was away for 30 s, and both processes have said so");
    bed.more_payments(2_000);
}

fn stand_still(bed: &mut Bed, seconds: u64) {
    bed.begin(2);
    bed.more_payments(2_000);
    bed.cluster.brokers[0].signal(libc::SIGSTOP);
    pause(Duration::from_secs(seconds));
    bed.cluster.brokers[0].signal(libc::SIGCONT);
    bed.all_alive();
    bed.bitten(format!("the broker stood still for {seconds} s"));
    bed.more_payments(2_000);
    bed.all_alive();
}

fn broker_stands_still(bed: &mut Bed) {
    stand_still(bed, 8);
}

/// Longer than sockets, sessions and transactions last.
fn broker_stands_still_long(bed: &mut Bed) {
    stand_still(bed, 70);
}

/// A process stands still while the others take its partitions, and goes on in the middle of what it did.
fn still(bed: &mut Bed, seconds: u64) {
    bed.begin(2);
    let link = bed.link(0);
    link.wait("commits", |seen| seen.answered(Api::END_TXN, None) > 5);
    bed.running(0).signal(libc::SIGSTOP);
    pause(Duration::from_secs(seconds));
    bed.running(0).signal(libc::SIGCONT);
    bed.more_payments(3_000);
    bed.all_alive();
    let told = bed.told(0);
    let word = ["took this worker's partitions away", "the transaction was aborted", "nobody knows whether"]
        .into_iter()
        .find(|word| told.contains(word));
    let Some(word) = word else { panic!("the zombie was not refused:\n{}", bed.tail(0)) };
    bed.bitten(format!("a process stood still for {seconds} s, and was told: {word}"));
}

fn zombie(bed: &mut Bed) {
    still(bed, 9);
}

fn zombie_long(bed: &mut Bed) {
    still(bed, 25);
}

/// The worker's thread alone stands still; its clients go on.
fn stuck(bed: &mut Bed) {
    let stuck = How { failpoints: "commit.prepared=sleep:75000@50".to_owned(), ..How::default() };
    bed.begin_with(&[stuck, How::default()]);
    until("the failpoint", || bed.told(0).contains("failpoint commit.prepared").then_some(()));
    pause(Duration::from_secs(78));
    bed.all_alive();
    until("a word about the group", || {
        bed.told(0).contains("took this worker's partitions away").then_some(())
    });
    bed.bitten("a worker slept for 75 s in a commit, and was told that its partitions are gone");
    bed.more_payments(2_000);
}

/// Two processes with one name, as when a directory was copied.
fn twins(bed: &mut Bed) {
    bed.begin(1);
    bed.more_payments(2_000);
    bed.kill(0);
    copy(&bed.data(0), &bed.data(1));
    bed.start(0, &How::default());
    bed.more_payments(1_000);
    bed.start(1, &How::default());
    let ended =
        until("the end of one of them", || (0..2).find(|number| bed.running(*number).exit().is_some()));
    let told = bed.tail(ended);
    assert!(told.contains("was the `--data` directory copied?"), "{told}");
    bed.processes[ended] = None;
    bed.bitten(format!("process {ended} has ended, and asks whether its directory was copied"));
    bed.more_payments(2_000);
    // It is no other worker's store any more.
    std::fs::remove_dir_all(bed.data(ended)).expect("removed");
    std::fs::create_dir_all(bed.data(ended)).expect("made");
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    let status = std::process::Command::new("cp").arg("-r").arg(from).arg(to).status();
    assert!(status.expect("cp can be started").success());
}

/// Processes come and go all the time, some in order, some not.
fn rebalance_storm(bed: &mut Bed) {
    bed.begin(2);
    let (mut killed, mut stopped) = (0, 0);
    for turn in 0..20 {
        let number = 2 + turn % 2;
        let wait = 1_000 + bed.dice.below(1_500);
        pause(Duration::from_millis(wait));
        bed.all_alive();
        match bed.processes.get_mut(number).and_then(Option::take) {
            None => bed.start(number, &How::default()),
            Some(mut process) if bed.dice.below(2) == 0 => {
                process.kill();
                killed += 1;
            }
            Some(process) => {
                assert!(process.stop().success(), "{}", bed.tail(number));
                stopped += 1;
            }
        }
    }
    assert!(killed > 0 && stopped > 0, "{killed} were killed, {stopped} stopped");
    bed.bitten(format!("{killed} processes were killed and {stopped} stopped in 20 changes of the group"));
}

/// SIGTERM under load, and while stores are being restored; what was closed in order needs nothing of its changelog.
fn stopped_in_order(bed: &mut Bed) {
    bed.begin(1);
    bed.more_payments(3_000);
    let process = bed.processes[0].take().expect("it is at work");
    assert!(process.stop().success(), "{}", bed.tail(0));
    // It would die if it had to write anything that it read back.
    let untouched = How { failpoints: "restore.half=kill".to_owned(), ..How::default() };
    bed.start(0, &untouched);
    bed.rows_go_on();
    bed.more_payments(2_000);
    bed.all_alive();
    bed.kill(0);
    bed.lose_stores(0);
    bed.start(0, &How { failpoints: "restore.half=sleep:1500@2".to_owned(), ..How::default() });
    until("a restore", || bed.told(0).contains("failpoint restore.half (2)").then_some(()));
    let process = bed.processes[0].take().expect("it restores");
    assert!(process.stop().success(), "{}", bed.tail(0));
    bed.start(0, &How::default());
    bed.more_payments(1_000);
    bed.running(0).signal(libc::SIGTERM);
    bed.running(0).signal(libc::SIGTERM);
    let _ = bed.running(0).wait();
    bed.processes[0] = None;
    bed.start(0, &How::default());
    bed.bitten("stopped under load (nothing was restored behind it), in a restore, and twice at once");
}
