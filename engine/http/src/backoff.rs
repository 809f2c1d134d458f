//! When a row that was not taken is sent again: exponential, with full jitter, so that those who failed together do not come back together.

use std::time::Duration;
use tidegate_model::plan::{Retry, RetryBudget};

/// The pause behind the `attempts`-th attempt (from 1). `chance`: from 0 to 1, evenly.
pub fn pause(retry: &Retry, attempts: u32, chance: f64) -> Duration {
    assert!(attempts > 0 && (0.0..=1.0).contains(&chance), "an attempt was made, and chance is a share");
    let doubled = 2f64.powi(i32::try_from(attempts - 1).unwrap_or(i32::MAX).min(62));
    let most = (retry.first.micros() as f64 * doubled).min(retry.most.micros() as f64);
    Duration::from_micros((most * chance) as u64)
}

/// Has a row had all its attempts? `since_first`: the first one began so long ago.
pub fn is_used_up(retry: &Retry, attempts: u32, since_first: Duration) -> bool {
    match retry.budget {
        RetryBudget::Unlimited => false,
        RetryBudget::Attempts(most) => attempts >= most,
        RetryBudget::Time(span) => since_first >= Duration::from_micros(span.micros() as u64),
    }
}

/// Numbers that look random enough to spread attempts: Knuth's MMIX.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    /// From 0 to less than 1.
    pub fn draw(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_model::Span;

    fn retry(budget: RetryBudget) -> Retry {
        Retry { first: Span::from_secs(1), most: Span::from_secs(20), budget }
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let longest: Vec<u64> =
            (1..=8).map(|attempts| pause(&retry(RetryBudget::Unlimited), attempts, 1.0).as_secs()).collect();
        assert_eq!(longest, [1, 2, 4, 8, 16, 20, 20, 20]);
        assert_eq!(pause(&retry(RetryBudget::Unlimited), u32::MAX, 1.0), Duration::from_secs(20));
    }

    #[test]
    fn the_jitter_is_full() {
        let at = |chance| pause(&retry(RetryBudget::Unlimited), 3, chance);
        assert_eq!(
            (at(0.0), at(0.25), at(1.0)),
            (Duration::ZERO, Duration::from_secs(1), Duration::from_secs(4))
        );
        let mut chance = Chance::new(7);
        let drawn: Vec<f64> = (0..1000).map(|_| chance.draw()).collect();
        assert!(drawn.iter().all(|share| (0.0..1.0).contains(share)));
        let mean = drawn.iter().sum::<f64>() / 1000.0;
        assert!((0.45..0.55).contains(&mean), "{mean}");
    }

    #[test]
    fn budgets_end() {
        let second = Duration::from_secs(1);
        assert!(!is_used_up(&retry(RetryBudget::Unlimited), u32::MAX, second * 1_000_000));
        assert!(!is_used_up(&retry(RetryBudget::Attempts(3)), 2, second));
        assert!(is_used_up(&retry(RetryBudget::Attempts(3)), 3, second));
        let hour = retry(RetryBudget::Time(Span::from_secs(3600)));
        assert!(!is_used_up(&hour, 400, second * 3599));
        assert!(is_used_up(&hour, 1, second * 3600));
    }
}
