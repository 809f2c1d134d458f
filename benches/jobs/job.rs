//! The five jobs, and what their outputs must be.

use crate::support::oracle;
use std::collections::BTreeMap;
use tidegate_sim::Message;
use tidegate_sim::payments::Payment;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Job {
    W1,
    W2,
    W3,
    W4,
    W5,
}

impl Job {
    pub const ALL: [Job; 5] = [Job::W1, Job::W2, Job::W3, Job::W4, Job::W5];

    pub fn parse(text: &str) -> Option<Job> {
        Job::ALL.into_iter().find(|job| job.name() == text)
    }

    pub fn name(self) -> &'static str {
        match self {
            Job::W1 => "w1",
            Job::W2 => "w2",
            Job::W3 => "w3",
            Job::W4 => "w4",
            Job::W5 => "w5",
        }
    }

    pub fn told(self) -> &'static str {
        match self {
            Job::W1 => "filter, passed through as it came",
            Job::W2 => "hourly volume by currency, final",
            Job::W3 => "more than 2 payments of a card in 5 minutes",
            Job::W4 => "join with a table of 100,000 cards",
            Job::W5 => "running count and sum of each card, changes",
        }
    }

    /// Its file in `tests/topologies`.
    pub fn topology(self) -> &'static str {
        match self {
            Job::W1 => "w1_filter",
            Job::W2 => "w2_hourly",
            Job::W3 => "w3_velocity",
            Job::W4 => "w4_join",
            Job::W5 => "w5_running",
        }
    }

    pub fn output(self) -> &'static str {
        match self {
            Job::W1 => "w1.large",
            Job::W2 => "w2.hourly",
            Job::W3 => "w3.velocity",
            Job::W4 => "w4.enriched",
            Job::W5 => "w5.totals",
        }
    }

    /// What is wrong with an output; None: nothing.
    pub fn verify(self, payments: &[Payment], partitions: u32, found: &[Message]) -> Option<String> {
        let mut parts: BTreeMap<i32, Vec<&Payment>> = BTreeMap::new();
        for payment in payments {
            parts.entry(payment.partition(partitions)).or_default().push(payment);
        }
        match self {
            Job::W1 => by_partition(&parts, found, |payments| {
                let large = payments.iter().filter(|payment| oracle::is_large(payment));
                large.map(|payment| String::from_utf8(payment.json()).expect("text")).collect()
            }),
            Job::W2 => {
                let newest = |payments: &Vec<&Payment>| payments.iter().map(|payment| payment.at_ms).max();
                let watermark = parts.values().filter_map(newest).min()? - 5_000;
                let right = oracle::hourly(payments.iter(), 10_000, watermark);
                let mut rows: Vec<String> = found.iter().map(Message::text).collect();
                rows.sort();
                compare("all", &rows, &right)
            }
            Job::W3 => by_partition(&parts, found, |payments| oracle::velocity(payments.iter().copied())),
            Job::W4 => {
                by_partition(&parts, found, |payments| payments.iter().map(|p| oracle::enriched(p)).collect())
            }
            Job::W5 => {
                let mut last: BTreeMap<String, String> = BTreeMap::new();
                for message in found {
                    let key =
                        String::from_utf8_lossy(message.key.as_deref().unwrap_or_default()).into_owned();
                    last.insert(key, message.text());
                }
                let right = oracle::totals(payments.iter());
                (last != right).then(|| {
                    format!("{} cards, {} are right, and their totals differ", last.len(), right.len())
                })
            }
        }
    }
}

fn by_partition(
    parts: &BTreeMap<i32, Vec<&Payment>>,
    found: &[Message],
    right: impl Fn(&[&Payment]) -> Vec<String>,
) -> Option<String> {
    parts.iter().find_map(|(partition, payments)| {
        let rows: Vec<String> =
            found.iter().filter(|message| message.partition == *partition).map(Message::text).collect();
        compare(&partition.to_string(), &rows, &right(payments))
    })
}

fn compare(part: &str, found: &[String], right: &[String]) -> Option<String> {
    if found == right {
        return None;
    }
    let first = found.iter().zip(right).find(|(found, right)| found != right);
    Some(format!(
        "partition {part}: {} rows, {} are right; first difference: {first:?}",
        found.len(),
        right.len()
    ))
}
