use crate::{Clock, Random};

/// The clock and the randomness that a component was given.
///
/// Cloning shares both: all clones see one time and draw from one stream.
#[derive(Clone, Debug)]
pub struct Env {
    /// Wall-clock time.
    pub clock: Clock,
    /// Uids, name suffixes, jitter and keys.
    pub random: Random,
}

impl Env {
    /// The real world: the system's clock and entropy, read now.
    pub fn system() -> Self {
        Self { clock: Clock::system(), random: Random::from_entropy() }
    }

    /// A world of its own that starts at a fixed moment and draws everything from `seed`.
    ///
    /// Its clock advances with `tokio::time`, so on a paused runtime it advances exactly as timers fire.
    pub fn simulated(seed: u64) -> Self {
        Self { clock: Clock::simulated(), random: Random::seeded(seed) }
    }
}
