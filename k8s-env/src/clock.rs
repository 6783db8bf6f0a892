use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Where simulated time begins: 2026-01-01T00:00:00Z.
const SIMULATED_EPOCH_SECONDS: i64 = 1_767_225_600;

/// Wall-clock time, derived from `tokio::time` so that pausing and advancing the runtime moves both together.
///
/// The origin is read once; a later step of the system's clock is not followed, so time never goes backwards.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Timestamp,
    started: Instant,
}

impl Clock {
    /// The system's wall clock, read now.
    pub fn system() -> Self {
        Self::starting_at(Timestamp::now())
    }

    /// A clock that starts at 2026-01-01T00:00:00Z.
    pub fn simulated() -> Self {
        Self::starting_at(Timestamp::from_second(SIMULATED_EPOCH_SECONDS).unwrap_or(Timestamp::UNIX_EPOCH))
    }

    /// A clock that reads `origin` at this instant.
    pub fn starting_at(origin: Timestamp) -> Self {
        Self { origin, started: Instant::now() }
    }

    /// The present moment, with nanoseconds.
    pub fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.started.elapsed()).unwrap_or(SignedDuration::MAX);
        self.origin.saturating_add(elapsed).unwrap_or(Timestamp::MAX)
    }
}
