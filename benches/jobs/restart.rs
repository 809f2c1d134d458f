//! Kill -9 with much state: how long until the first new result is committed.

use crate::bed::{Bed, PARTITIONS};
use crate::job::Job;
use crate::support::{pause, until};
use crate::system::System;
use rdkafka::consumer::{BaseConsumer, Consumer};
use std::time::{Duration, Instant};
use tidegate_sim::payments::{Payment, Payments};

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
pub fn measure(bed: &Bed, keys: u64) {
    let input = "restart-payments";
    bed.topics.create(input, PARTITIONS as i32, &[]);
    let payments = Payments { cards: u64::MAX, ..Payments::default() };
    let make = |n: u64| {
        let mut payment = payments.payment(n);
        payment.card = format!("c{n:09}");
        payment
    };
    let send = |from: u64, to: u64| {
        let made: Vec<Payment> = (from..to).map(make).collect();
        let rows: Vec<Vec<u8>> = made.iter().map(Payment::json).collect();
        let records = made.iter().zip(&rows).map(|(payment, row)| {
            (Some(payment.partition(PARTITIONS)), Some(payment.card.as_bytes()), Some(row.as_slice()))
        });
        bed.topics.produce(input, records);
    };
    for from in (0..keys).step_by(100_000) {
        send(from, (from + 100_000).min(keys));
    }
    let mut running = System::Tidegate.start(bed, Job::W5, input, "restart");
    let committed = || -> i64 {
        bed.topics
            .committed(&running_group(), input, PARTITIONS as i32)
            .into_iter()
            .map(Option::unwrap_or_default)
            .sum()
    };
    until("all keys in the store", || {
        running.assert_alive();
        (committed() as u64 >= keys).then_some(())
    });
    running.kill();
    send(keys, keys + 1_000);
    let output = format!("{}.{}", running.prefix, Job::W5.output());
    let consumer: BaseConsumer = bed
        .broker
        .config()
        .set("group.id", format!("{output}-restart"))
        .set("isolation.level", "read_committed")
        .set("enable.auto.commit", "false")
        .create()
        .expect("a consumer");
    // Only what is new is waited for.
    let mut list = rdkafka::TopicPartitionList::new();
    for (partition, (end, _)) in bed.topics.ends(&output).into_iter().enumerate() {
        let offset = rdkafka::Offset::Offset(end);
        list.add_partition_offset(&output, partition as i32, offset).expect("right");
    }
    consumer.assign(&list).expect("assigned");
    consumer.poll(Duration::from_millis(500));
    let begun = Instant::now();
    let mut again = running.again(bed);
    while consumer.poll(Duration::from_millis(10)).is_none() {
        again.assert_alive();
        assert!(begun.elapsed() < Duration::from_secs(120), "nothing new came");
    }
    println!(
        "restart after kill -9 with {keys} keys: first new committed row after {:.2} s",
        begun.elapsed().as_secs_f64()
    );
    pause(Duration::from_millis(10));
    again.kill();
}

fn running_group() -> String {
    "tidegate_w5_restart".to_owned()
}
