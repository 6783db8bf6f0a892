use std::collections::HashMap;
use std::time::Duration;

use foldhash::fast::RandomState;
use k8s_api_client::ObjectKey;
use parking_lot::Mutex;
use tokio::time::Instant;

/// Which pods are to be evicted, and when.
///
/// Upstream: `TimedWorkerQueue`.
#[derive(Debug, Default)]
pub(super) struct Schedule(Mutex<HashMap<ObjectKey, Plan, RandomState>>);

#[derive(Clone, Copy, Debug)]
enum Plan {
    /// It is to go at `due`; it was decided at `since`.
    Waiting { since: Instant, due: Instant },
    /// It was told to go. It stays known until it is gone, so that it is not told twice.
    Fired,
}

/// Whether a pod is to go.
pub(super) enum Due {
    Now,
    Later(Duration),
    /// It was cancelled.
    Never,
}

impl Schedule {
    /// Plans an eviction; `false` when there is a plan already.
    pub(super) fn plan(&self, pod: &ObjectKey, since: Instant, after: Duration) -> bool {
        let mut plans = self.0.lock();
        let new = !plans.contains_key(pod);
        if new {
            plans.insert(pod.clone(), Plan::Waiting { since, due: Instant::now() + after });
        }
        new
    }

    /// When the eviction that waits was decided.
    pub(super) fn planned_at(&self, pod: &ObjectKey) -> Option<Instant> {
        match self.0.lock().get(pod)? {
            Plan::Waiting { since, .. } => Some(*since),
            Plan::Fired => None,
        }
    }

    /// Forgets a pod; whether its eviction was waiting.
    pub(super) fn cancel(&self, pod: &ObjectKey) -> bool {
        matches!(self.0.lock().remove(pod), Some(Plan::Waiting { .. }))
    }

    /// Begins an eviction if it is due.
    pub(super) fn fire(&self, pod: &ObjectKey) -> Due {
        let mut plans = self.0.lock();
        let Some(plan) = plans.get_mut(pod) else { return Due::Never };
        match *plan {
            Plan::Waiting { due, .. } if due <= Instant::now() => {
                *plan = Plan::Fired;
                Due::Now
            }
            Plan::Waiting { due, .. } => Due::Later(due - Instant::now()),
            Plan::Fired => Due::Never,
        }
    }

    /// Whether any pod is known: while none is, most changes need no look.
    pub(super) fn is_known_to_any(&self) -> bool {
        !self.0.lock().is_empty()
    }
}
