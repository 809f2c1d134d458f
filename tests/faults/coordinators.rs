//! Three brokers, of which the one dies that a transaction or a group depends on.

use crate::Case;
use crate::bed::Bed;
use crate::support::pause;
use std::time::Duration;
use tidegate_sim::{Act, Api};

pub const CASES: &[Case] = &[
    Case::new("transaction_coordinator_killed", "F11", transaction_coordinator).on_brokers(3),
    Case::new("group_coordinator_killed", "F11", group_coordinator).on_brokers(3),
    Case::new("brokers_restarted_in_turn", "F4, F11", in_turn).on_brokers(3),
];

/// Of Kafka's topics for transactions and offsets, as the brokers are configured.
const COORDINATOR_PARTITIONS: i32 = 4;

/// Where Kafka puts a transactional id or a group: Java's hash of the text, without its sign.
fn coordinator_partition(name: &str) -> i32 {
    let hash =
        name.encode_utf16().fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    (hash & i32::MAX) % COORDINATOR_PARTITIONS
}

impl Bed {
    /// Which of the brokers looks after a transactional id or a group.
    fn coordinator(&self, topic: &str, name: &str) -> usize {
        let leader = self.topics.leader(topic, coordinator_partition(name));
        let broker = self.cluster.brokers.iter().position(|broker| broker.id() == leader);
        broker.expect("the leader is one of the brokers")
    }

    fn killed_for_a_while(&mut self, broker: usize) {
        self.cluster.brokers[broker].kill();
        self.more_payments(3_000);
        self.all_alive();
        self.cluster.brokers[broker].restart();
        // It leads nothing until it has caught up.
        pause(Duration::from_secs(2));
    }
}

/// It dies in the middle of commits: the broker has taken EndTxn in, and nobody hears of it.
fn transaction_coordinator(bed: &mut Bed) {
    bed.begin(2);
    let mut killed = Vec::new();
    for _ in 0..3 {
        bed.more_payments(1_500);
        let ends = |key: &&(Api, String)| key.0 == Api::END_TXN;
        let seen = bed.link(0).seen();
        let producer = seen.answers.keys().rfind(ends).expect("there were commits").1.clone();
        let before = seen.held_answers;
        bed.link(0).arm(Api::END_TXN, Some(&producer), Act::HoldAnswer);
        bed.link(0).wait("a commit", |seen| seen.held_answers > before);
        let broker = bed.coordinator("__transaction_state", &producer);
        killed.push(broker);
        bed.killed_for_a_while(broker);
    }
    bed.bitten(format!("the coordinators {killed:?} died with an EndTxn that was not answered"));
}

fn group_coordinator(bed: &mut Bed) {
    bed.begin(2);
    let mut killed = Vec::new();
    for _ in 0..3 {
        bed.more_payments(1_500);
        let broker = bed.coordinator("__consumer_offsets", &bed.prefix);
        killed.push(broker);
        bed.killed_for_a_while(broker);
    }
    bed.bitten(format!("the group's coordinators {killed:?} died"));
}

fn in_turn(bed: &mut Bed) {
    bed.begin(3);
    for broker in 0..3 {
        bed.more_payments(1_500);
        bed.killed_for_a_while(broker);
    }
    bed.bitten("each of 3 brokers was killed once");
}
