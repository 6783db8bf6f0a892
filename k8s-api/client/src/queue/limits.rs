use std::time::Duration;

use tokio::time::Instant;

/// How soon failed items come again.
///
/// The default is that of upstream's controllers: 5 ms doubling to 1000 s for each item, and for all items together 10
/// a second with bursts of 100.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// The delay after the first failure of an item; it doubles with each further one.
    pub base: Duration,
    /// The longest delay of one item.
    pub max: Duration,
    /// How many failures a second are retried in all; 0 for no such limit.
    pub per_second: f64,
    /// How many failures may be retried at once before `per_second` counts.
    pub burst: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { base: Duration::from_millis(5), max: Duration::from_secs(1000), per_second: 10.0, burst: 100.0 }
    }
}

impl Limits {
    /// The delay of one item after so many failures before this one.
    pub(super) fn item_delay(&self, failures: u32) -> Duration {
        let doubled = self.base.as_secs_f64() * f64::from(failures.min(64)).exp2();
        Duration::from_secs_f64(doubled.min(self.max.as_secs_f64()))
    }
}

/// A bucket of tokens that may go into debt: whoever takes one then waits for it.
#[derive(Debug)]
pub(super) struct Bucket {
    tokens: f64,
    filled: Option<Instant>,
}

impl Bucket {
    pub(super) fn full(limits: &Limits) -> Self {
        Self { tokens: limits.burst, filled: None }
    }

    pub(super) fn reserve(&mut self, limits: &Limits, now: Instant) -> Duration {
        if limits.per_second <= 0.0 {
            return Duration::ZERO;
        }
        let elapsed = self.filled.map_or(Duration::ZERO, |filled| now.saturating_duration_since(filled));
        self.filled = Some(now);
        self.tokens = (self.tokens + elapsed.as_secs_f64() * limits.per_second).min(limits.burst) - 1.0;
        Duration::from_secs_f64((-self.tokens).max(0.0) / limits.per_second)
    }
}
