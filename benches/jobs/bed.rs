//! The broker and its inputs.

use crate::support::oracle;
use std::path::PathBuf;
use tidegate_sim::payments::{Payment, Payments};
use tidegate_sim::{Broker, Topics};

pub const PARTITIONS: u32 = 4;
/// Records that are made and sent at a time.
const CHUNK: u64 = 100_000;

pub struct Bed {
    pub broker: Broker,
    pub topics: Topics,
    pub dir: tempfile::TempDir,
}

pub fn generator() -> Payments {
    Payments::default()
}

impl Bed {
    pub fn new() -> Bed {
        let broker = Broker::start_with("2g");
        let topics = Topics::new(&broker.config());
        topics.create("payments", PARTITIONS as i32, &[]);
        topics.create("cards", PARTITIONS as i32, &[("cleanup.policy", "compact")]);
        let cards = oracle::cards(generator().cards);
        topics.produce(
            "cards",
            cards.iter().map(|(key, row)| (None, Some(key.as_bytes()), Some(row.as_bytes()))),
        );
        Bed { broker, topics, dir: tempfile::tempdir().expect("a directory") }
    }

    /// Fills the topic of payments.
    pub fn load(&self, events: u64) {
        eprintln!("loading {events} payments");
        let mut from = 0;
        while from < events {
            let count = CHUNK.min(events - from);
            let payments: Vec<Payment> = (from..from + count).map(|n| generator().payment(n)).collect();
            let rows: Vec<Vec<u8>> = payments.iter().map(Payment::json).collect();
            let records = payments.iter().zip(&rows).map(|(payment, row)| {
                (Some(payment.partition(PARTITIONS)), Some(payment.card.as_bytes()), Some(row.as_slice()))
            });
            self.topics.produce("payments", records);
            from += count;
        }
    }

    /// A directory of one run.
    pub fn run_dir(&self, name: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(&path).expect("a directory");
        path
    }
}
