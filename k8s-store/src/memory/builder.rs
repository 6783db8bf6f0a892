use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use k8s_env::Tasks;

use super::Memory;
use crate::engine::{Engine, Limits};

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
        let engine = Engine::new(Limits { events: self.events, bytes: self.bytes });
        Memory { engine: Arc::new(engine), has_lease_task: AtomicBool::new(false), tasks: Tasks::new() }
    }
}
