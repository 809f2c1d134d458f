//! The results of the topologies in `tests/topologies`, from the payments alone and as plainly as can be.

use std::collections::BTreeMap;
use tidegate_model::EventTime;
use tidegate_model::time::write_rfc3339;
use tidegate_sim::payments::{Payment, card};

const HOUR_MS: i64 = 3_600_000;
const VELOCITY_RANGE_MS: i64 = 300_000;

fn money(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn rfc3339(millis: i64) -> String {
    let mut out = Vec::new();
    write_rfc3339(EventTime::from_millis(millis).micros(), &mut out);
    String::from_utf8(out).expect("text")
}

/// Does W1 let a payment pass?
pub fn is_large(payment: &Payment) -> bool {
    payment.cents >= 50_000 && matches!(payment.country, "FR" | "DE")
}

/// W2's rows for windows that end, with grace, at or before `until_ms`, in no order.
pub fn hourly<'a>(payments: impl Iterator<Item = &'a Payment>, grace_ms: i64, until_ms: i64) -> Vec<String> {
    let mut windows: BTreeMap<(i64, &str), (i64, u64)> = BTreeMap::new();
    for payment in payments {
        let start = payment.at_ms.div_euclid(HOUR_MS) * HOUR_MS;
        let window = windows.entry((start, payment.currency)).or_default();
        window.0 += payment.cents;
        window.1 += 1;
    }
    let mut rows: Vec<String> = windows
        .into_iter()
        .filter(|((start, _), _)| start + HOUR_MS + grace_ms <= until_ms)
        .map(|((start, currency), (cents, count))| {
            format!(
                r#"{{"currency":"{currency}","window":{{"start":"{}","end":"{}"}},"volume":"{}","payments":{count}}}"#,
                rfc3339(start),
                rfc3339(start + HOUR_MS),
                money(cents)
            )
        })
        .collect();
    rows.sort();
    rows
}

/// W3's rows for the payments of one partition, in the order read.
pub fn velocity<'a>(payments: impl Iterator<Item = &'a Payment>) -> Vec<String> {
    let mut cards: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    let mut rows = Vec::new();
    for payment in payments {
        let times = cards.entry(&payment.card).or_default();
        times.push(payment.at_ms);
        let n = times
            .iter()
            .filter(|at| **at > payment.at_ms - VELOCITY_RANGE_MS && **at <= payment.at_ms)
            .count();
        if n > 2 {
            rows.push(format!(r#"{{"id":"p{:010}","card":"{}","n":{n}}}"#, payment.n, payment.card));
        }
    }
    rows
}

/// What the table of cards says of a card: tier and home.
fn card_row(number: u64) -> (&'static str, &'static str) {
    (
        ["basic", "silver", "gold"][(number % 3) as usize],
        ["FR", "DE", "NL", "BE", "ES"][(number % 5) as usize],
    )
}

/// The table of cards: key and row of each.
pub fn cards(count: u64) -> Vec<(String, String)> {
    let row = |number| {
        let ((tier, home), card) = (card_row(number), card(number));
        let row = format!(r#"{{"card":"{card}","tier":"{tier}","home":"{home}"}}"#);
        (card, row)
    };
    (0..count).map(row).collect()
}

/// W4's row for a payment.
pub fn enriched(payment: &Payment) -> String {
    let number: u64 = payment.card[1..].parse().expect("a card's number");
    let (tier, home) = card_row(number);
    format!(
        r#"{{"id":"p{:010}","card":"{}","amount":"{}","country":"{}","tier":"{tier}","home":"{home}"}}"#,
        payment.n,
        payment.card,
        money(payment.cents),
        payment.country
    )
}

/// W5: each card's last row.
pub fn totals<'a>(payments: impl Iterator<Item = &'a Payment>) -> BTreeMap<String, String> {
    let mut cards: BTreeMap<&str, (u64, i64)> = BTreeMap::new();
    for payment in payments {
        let total = cards.entry(&payment.card).or_default();
        total.0 += 1;
        total.1 += payment.cents;
    }
    cards
        .into_iter()
        .map(|(card, (count, cents))| {
            (card.to_owned(), format!(r#"{{"card":"{card}","payments":{count},"paid":"{}"}}"#, money(cents)))
        })
        .collect()
}
