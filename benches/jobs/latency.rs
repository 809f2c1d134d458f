//! From the moment when an event should have been sent to the moment when a read-committed reader has its result.

use crate::bed::{Bed, PARTITIONS, generator};
use crate::job::Job;
use crate::support::pause;
use crate::system::System;
use hdrhistogram::Histogram;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const RATE: u64 = 10_000;
const TICK: Duration = Duration::from_micros(500);

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
pub fn measure(bed: &Bed, job: Job, system: System, warm_up: Duration, time: Duration) {
    let input = format!("live-{}-{}", system.name(), job.name());
    bed.topics.create(&input, PARTITIONS as i32, &[]);
    let mut running = system.start(bed, job, &input, "live");
    let output = format!("{}.{}", running.prefix, job.output());
    let consumer: BaseConsumer = bed
        .broker
        .config()
        .set("group.id", format!("{output}-latency"))
        .set("auto.offset.reset", "earliest")
        .set("isolation.level", "read_committed")
        .create()
        .expect("a consumer");
    consumer.subscribe(&[&output]).expect("subscribed");
    let total = ((time + warm_up).as_secs_f64() * RATE as f64) as u64;
    // The system must be a member of its group and at work before the clock starts.
    send(bed, &input, 0, 1_000, None);
    let mut histogram = Histogram::<u64>::new_with_bounds(1, 60_000_000, 3).expect("bounds");
    let first = 1_000;
    let deadline = Instant::now() + Duration::from_secs(60);
    while consumer.poll(Duration::from_millis(100)).is_none() {
        running.assert_alive();
        assert!(Instant::now() < deadline, "{} gave nothing", system.name());
    }
    pause(Duration::from_secs(1));
    let begun = Instant::now();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            send(bed, &input, first, first + total, Some(begun));
            done.store(true, Ordering::SeqCst);
        });
        let mut quiet = 0;
        while quiet < 10 {
            let Some(message) = consumer.poll(Duration::from_millis(100)) else {
                quiet += u32::from(done.load(Ordering::SeqCst));
                continue;
            };
            quiet = 0;
            let message = message.expect("a message");
            let at = begun.elapsed();
            let Some(n) = newest(job, &message, first) else { continue };
            let intended = Duration::from_secs_f64((n - first) as f64 / RATE as f64);
            if intended >= warm_up {
                let micros = at.saturating_sub(intended).as_micros() as u64;
                histogram.record(micros.max(1)).expect("below a minute");
            }
        }
    });
    if std::env::var_os("TIDEGATE_BENCH_LOGS").is_some() {
        eprintln!("{}", running.told());
    }
    running.kill();
    let milliseconds = |quantile: f64| histogram.value_at_quantile(quantile) as f64 / 1000.0;
    println!(
        "{} {:<15} end to end at {RATE}/s: p50 {:.1} ms, p99 {:.1} ms, p99.9 {:.1} ms ({} results)",
        job.name(),
        system.name(),
        milliseconds(0.5),
        milliseconds(0.99),
        milliseconds(0.999),
        histogram.len()
    );
}

/// The number of the event that a result is of, where it can be told: payments carry it as their timestamp here.
fn newest(_job: Job, message: &rdkafka::message::BorrowedMessage<'_>, first: u64) -> Option<u64> {
    let at = message.timestamp().to_millis()?;
    let n = at - BASE_MS;
    (n >= first as i64).then_some(n as u64)
}

/// Event time of event 0; one millisecond for each event, so that a result's timestamp names its event.
const BASE_MS: i64 = 1_600_000_000_000;

fn send(bed: &Bed, topic: &str, from: u64, to: u64, begun: Option<Instant>) {
    let producer: ThreadedProducer<DefaultProducerContext> = bed
        .broker
        .config()
        // The default of Kafka's own producers since 4.0; with 1 ms the broker is busy with 4,000 requests a second for the load alone.
        .set("linger.ms", "5")
        .set("enable.idempotence", "true")
        .create()
        .expect("a producer");
    for n in from..to {
        if let Some(begun) = begun {
            let intended = Duration::from_secs_f64((n - from) as f64 / RATE as f64);
            while begun.elapsed() < intended {
                pause(TICK);
            }
        }
        let mut payment = generator().payment(n);
        payment.at_ms = BASE_MS + n as i64;
        if n % 4 == 0 {
            payment.cents = 60_000;
            payment.country = "FR";
        }
        let row = payment.json();
        let mut record: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(topic)
            .partition(payment.partition(PARTITIONS))
            .key(payment.card.as_bytes())
            .payload(&row);
        record.timestamp = Some(payment.at_ms);
        while let Err((_, back)) = producer.send(record) {
            record = back;
            pause(TICK);
        }
    }
    producer.flush(Duration::from_secs(30)).expect("sent");
}
