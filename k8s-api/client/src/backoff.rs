use std::time::Duration;

use k8s_env::Random;

/// Growing, jittered pauses between attempts at the same thing.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    cap: Duration,
    attempts: u32,
    random: Random,
}

impl Backoff {
    /// Pauses that start at `first`, double up to `cap` and are stretched by up to their own length again.
    pub fn new(first: Duration, cap: Duration, random: Random) -> Self {
        Self { first, cap, attempts: 0, random }
    }

    /// The pauses of upstream's reflector: 0.8 s to 30 s.
    pub fn reflector(random: Random) -> Self {
        Self::new(Duration::from_millis(800), Duration::from_secs(30), random)
    }

    /// The next pause.
    pub fn pause(&mut self) -> Duration {
        let base = self.first.saturating_mul(1 << self.attempts.min(16)).min(self.cap);
        self.attempts = self.attempts.saturating_add(1);
        base + base.mul_f64(self.random.unit())
    }

    /// Begins with the shortest pause again.
    pub fn reset(&mut self) {
        self.attempts = 0;
    }
}
