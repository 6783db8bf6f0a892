use std::sync::Arc;

use k8s_env::Tasks;
use parking_lot::RwLock;
use tokio::sync::Notify;

use super::history::History;
use super::hub::Hub;
use super::state::State;
use super::{Memory, Shared};

/// Sets how much a [`Memory`] remembers.
#[derive(Clone, Copy, Debug)]
pub struct Builder {
    events: usize,
    bytes: usize,
}

impl Default for Builder {
    fn default() -> Self {
        Self { events: 10_000, bytes: 256 << 20 }
    }
}

impl Builder {
    /// Keeps at most `events` events of the past, and at least the last transaction.
    pub fn history(self, events: usize) -> Self {
        Self { events, ..self }
    }

    /// Keeps events of the past with at most `bytes` bytes of keys and values, old and new.
    pub fn history_bytes(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }

    /// Makes the store.
    pub fn build(self) -> Memory {
        let shared = Shared {
            state: RwLock::new(State::new(History::new(self.events, self.bytes))),
            hub: Arc::new(Hub::default()),
            lease_due_earlier: Arc::new(Notify::new()),
        };
        Memory { shared: Arc::new(shared), tasks: Tasks::new() }
    }
}
