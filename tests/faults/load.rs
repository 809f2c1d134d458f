//! Payments that come at a steady rate while a case is at work. What counts as input is what the broker has acknowledged, which is all.

use crate::support::pause;
use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use tidegate_sim::payments::{Payment, Payments};

pub const CARDS: u64 = 300;
const EVERY: Duration = Duration::from_millis(20);
/// Through any outage of the broker.
const PATIENCE: Duration = Duration::from_secs(240);

pub fn generator() -> Payments {
    Payments { seed: 11, cards: CARDS, step_ms: 1_000, disorder_ms: 5_000 }
}

#[derive(Clone, Default)]
struct Failures(Arc<Mutex<Option<String>>>);

impl ClientContext for Failures {}

impl ProducerContext for Failures {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, _opaque: ()) {
        if let Err((error, _)) = result {
            *self.0.lock().expect("no holder of this lock panics") = Some(error.to_string());
        }
    }
}

/// A thread that sends, until it is stopped.
pub struct Load {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Load {
    pub fn start(config: &ClientConfig, topic: &str, partitions: u32, per_second: u64) -> Load {
        let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let mut config = config.clone();
        config.set("enable.idempotence", "true").set("linger.ms", "2");
        config.set("message.timeout.ms", PATIENCE.as_millis().to_string());
        let (stopped, counted, topic) = (Arc::clone(&stop), Arc::clone(&sent), topic.to_owned());
        let chunk = (per_second * EVERY.as_millis() as u64 / 1000).max(1);
        let thread = std::thread::spawn(move || {
            let failures = Failures::default();
            let producer: ThreadedProducer<Failures> =
                config.create_with_context(failures.clone()).expect("a client");
            let generator = generator();
            while !stopped.load(Ordering::SeqCst) {
                let from = counted.load(Ordering::SeqCst);
                for n in from..from + chunk {
                    send(&producer, &topic, &generator.payment(n), partitions);
                }
                counted.store(from + chunk, Ordering::SeqCst);
                pause(EVERY);
            }
            producer.flush(PATIENCE).expect("every payment is acknowledged");
            let failure = failures.0.lock().expect("no holder of this lock panics").clone();
            assert_eq!(failure, None, "every payment is acknowledged");
        });
        Load { stop, sent, thread: Some(thread) }
    }

    /// How many there are so far.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }

    /// Stops. Returns every payment, all of which were acknowledged.
    pub fn stop(mut self) -> Vec<Payment> {
        self.stop.store(true, Ordering::SeqCst);
        let thread = self.thread.take().expect("it is stopped once");
        assert!(thread.join().is_ok(), "the load ended well");
        let generator = generator();
        (0..self.sent()).map(|n| generator.payment(n)).collect()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

fn send(producer: &ThreadedProducer<Failures>, topic: &str, payment: &Payment, partitions: u32) {
    let row = payment.json();
    let mut record = BaseRecord::to(topic)
        .partition(payment.partition(partitions))
        .key(payment.card.as_bytes())
        .payload(row.as_slice());
    loop {
        match producer.send(record) {
            Ok(()) => return,
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                record = back;
                let _ = producer.flush(Duration::from_millis(10));
            }
            Err((error, _)) => panic!("{topic}: {error}"),
        }
    }
}
