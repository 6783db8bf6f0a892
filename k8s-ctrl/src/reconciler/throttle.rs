use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::RandomState;
use k8s_api_client::ObjectKey;
use parking_lot::Mutex;
use tokio::time::Instant;

/// From this size on, what is over is swept out whenever the table has doubled.
const SWEEP_FROM: usize = 1024;

/// Remembers when each key was worked on last, for as long as that matters.
#[derive(Clone, Debug)]
pub(super) struct Throttle {
    pause: Duration,
    rounds: Arc<Mutex<Rounds>>,
}

#[derive(Debug, Default)]
struct Rounds {
    last: HashMap<ObjectKey, Instant, RandomState>,
    sweep_at: usize,
}

impl Throttle {
    pub(super) fn new(pause: Duration) -> Self {
        Self { pause, rounds: Arc::default() }
    }

    /// Begins a round of `key`, or says how long it must wait.
    pub(super) fn enter(&self, key: &ObjectKey) -> Result<(), Duration> {
        if self.pause.is_zero() {
            return Ok(());
        }
        let now = Instant::now();
        let mut rounds = self.rounds.lock();
        if let Some(last) = rounds.last.get(key)
            && *last + self.pause > now
        {
            return Err(*last + self.pause - now);
        }
        rounds.last.insert(key.clone(), now);
        if rounds.last.len() >= rounds.sweep_at.max(SWEEP_FROM) {
            rounds.last.retain(|_, last| *last + self.pause > now);
            rounds.sweep_at = 2 * rounds.last.len();
        }
        Ok(())
    }
}
