//! Kills of processes and of the broker at random moments under load, and losses of a process's disk.
//!
//! `TIDEGATE_FAULT_KILLS` makes it longer.

use crate::bed::{Bed, How};
use crate::support::pause;
use crate::{Case, setting};
use std::time::Duration;

pub const CASES: &[Case] = &[Case::new("kills_of_processes_and_broker", "F1, F4, F5", storm).in_short_form()];

const PROCESSES: usize = 3;
/// Every so many kills the process loses its disk, too.
const DISK_LOST: u64 = 5;
/// Every so many kills they are let alone until there are new rows: who is always killed before it begins has nothing to lose.
const PAUSE: u64 = 3;

fn storm(bed: &mut Bed) {
    let kills = setting("TIDEGATE_FAULT_KILLS", 20);
    let broker_kills = (kills / 6).max(1);
    let every = (kills / (broker_kills + 1)).max(1);
    bed.begin(PROCESSES);
    let (mut disks, mut brokers) = (0, 0);
    for kill in 1..=kills {
        let wait = 200 + bed.dice.below(2_000);
        pause(Duration::from_millis(wait));
        let victim = bed.dice.below(PROCESSES as u64) as usize;
        bed.all_alive();
        bed.kill(victim);
        if kill % DISK_LOST == 0 {
            std::fs::remove_dir_all(bed.data(victim)).expect("a process has a directory");
            disks += 1;
        }
        bed.start(victim, &How::default());
        if kill % PAUSE == 0 {
            bed.rows_go_on();
        }
        if kill % every == 0 && kill / every <= broker_kills {
            let wait = bed.dice.below(500);
            pause(Duration::from_millis(wait));
            bed.cluster.brokers[0].kill();
            let away = bed.dice.below(2_000);
            pause(Duration::from_millis(away));
            bed.cluster.brokers[0].restart();
            brokers += 1;
        }
    }
    bed.bitten(format!(
        "{kills} kills of processes, {disks} of them with their disks, and {brokers} of the broker"
    ));
}
