//! Seeded payments: the `n`-th is the same on every machine, in every process, whatever was made before it.

use tidegate_model::partition::partition_for;

/// 2023-11-14T22:13:20Z
const FIRST_AT_MS: i64 = 1_700_000_000_000;
const COUNTRIES: [&str; 8] = ["FR", "DE", "NL", "BE", "ES", "IT", "PT", "GB"];
const CURRENCIES: [&str; 4] = ["EUR", "GBP", "USD", "CHF"];

/// What is generated.
#[derive(Clone, Copy, Debug)]
pub struct Payments {
    pub seed: u64,
    pub cards: u64,
    /// Between two events, in event time.
    pub step_ms: i64,
    /// How much older an event may be than its place says.
    pub disorder_ms: i64,
}

impl Default for Payments {
    /// 100,000 cards, 10 ms apart, disorder of up to 5 s.
    fn default() -> Payments {
        Payments { seed: 1, cards: 100_000, step_ms: 10, disorder_ms: 5_000 }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Payment {
    pub n: u64,
    pub card: String,
    pub cents: i64,
    pub country: &'static str,
    pub currency: &'static str,
    pub merchant: u64,
    pub at_ms: i64,
}

/// SplitMix64 (Steele, Lea, Flood 2014): a good 64-bit number from any.
pub fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Payments {
    pub fn payment(&self, n: u64) -> Payment {
        let mut state = mix(self.seed ^ mix(n));
        let mut draw = |below: u64| {
            state = mix(state);
            state % below
        };
        Payment {
            n,
            card: card(draw(self.cards)),
            cents: 1 + draw(100_000) as i64,
            country: COUNTRIES[draw(COUNTRIES.len() as u64) as usize],
            currency: CURRENCIES[draw(CURRENCIES.len() as u64) as usize],
            merchant: draw(5_000),
            at_ms: FIRST_AT_MS + n as i64 * self.step_ms - draw(self.disorder_ms as u64 + 1) as i64,
        }
    }
}

/// The name of a card.
pub fn card(number: u64) -> String {
    format!("c{number:07}")
}

impl Payment {
    /// Some 200 bytes of JSON.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        use std::io::Write;
        write!(
            out,
            r#"{{"id":"p{:010}","card":"{}","amount":{}.{:02},"country":"{}","status":"settled","channel":"terminal","merchant":{{"id":"m{:05}","name":"Merchant {}","currency":"{}"}},"at":{}}}"#,
            self.n,
            self.card,
            self.cents / 100,
            self.cents % 100,
            self.country,
            self.merchant,
            self.merchant,
            self.currency,
            self.at_ms
        )
        .expect("memory can be written");
    }

    pub fn json(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(220);
        self.write_json(&mut out);
        out
    }

    /// Where producers put it.
    pub fn partition(&self, partitions: u32) -> i32 {
        partition_for(self.card.as_bytes(), partitions).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_is_the_same_payment() {
        let payments = Payments::default();
        assert_eq!(payments.payment(77), payments.payment(77));
        assert_ne!(payments.payment(77).card, payments.payment(78).card);
        let text = String::from_utf8(payments.payment(7).json()).expect("text");
        assert_eq!(
            text,
            r#"{"id":"p0000000007","card":"c0084972","amount":106.62,"country":"BE","status":"settled","channel":"terminal","merchant":{"id":"m02575","name":"Merchant 2575","currency":"USD"},"at":1699999995809}"#
        );
    }
}
