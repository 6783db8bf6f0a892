//! How long a job waits after failures before it makes pods again: ten seconds, doubled with each.
//!
//! Upstream: `backoff_utils.go`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::RandomState;
use jiff::{SignedDuration, Timestamp};
use k8s_api_client::ObjectKey;
use k8s_ctrl::pod;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use parking_lot::Mutex;

const FIRST: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(10 * 60);

/// The failures of a job since its last success.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Failures {
    n: u32,
    last: Option<Timestamp>,
}

/// The failures of every job that has had some.
#[derive(Debug, Default)]
pub(super) struct Backoffs(Mutex<HashMap<ObjectKey, Failures, RandomState>>);

impl Backoffs {
    /// The failures of a job when these pods have ended as well.
    pub(super) fn with(&self, key: &ObjectKey, succeeded: &[Arc<Pod>], failed: &[Arc<Pod>]) -> Failures {
        let before = self.0.lock().get(key).copied().unwrap_or_default();
        let ends = failed.iter().map(|pod| finished_at(pod));
        let Some(success) = succeeded.iter().map(|pod| finished_at(pod)).max() else {
            return Failures { n: before.n + failed.len() as u32, last: ends.max().or(before.last) };
        };
        let after: Vec<_> = ends.filter(|end| *end > success).collect();
        Failures { n: after.len() as u32, last: after.into_iter().max() }
    }

    /// Remembers them.
    pub(super) fn set(&self, key: &ObjectKey, failures: Failures) {
        self.0.lock().insert(key.clone(), failures);
    }

    /// Forgets a job that is done or gone.
    pub(super) fn forget(&self, key: &ObjectKey) {
        self.0.lock().remove(key);
    }
}

impl Failures {
    /// The failures of one index, the last of which is this pod's.
    pub(super) fn of_index(n_before: i32, last: &Pod) -> Self {
        Self { n: n_before.unsigned_abs() + 1, last: Some(finished_at(last)) }
    }

    /// How long to wait still.
    pub(super) fn remaining(&self, now: Timestamp) -> Duration {
        let (Some(last), 1..) = (self.last, self.n) else { return Duration::ZERO };
        let pause = FIRST.saturating_mul(1 << (self.n - 1).min(16)).min(LONGEST);
        let elapsed = now.duration_since(last);
        SignedDuration::try_from(pause).map_or(pause, |pause| Duration::try_from(pause - elapsed).unwrap_or_default())
    }
}

/// When a pod has ended, as far as that is known.
pub(super) fn finished_at(pod: &Pod) -> Timestamp {
    let meta = &pod.metadata;
    let not_ready = || {
        let condition = pod::condition(pod, "Ready").filter(|condition| condition.status == "False")?;
        condition.last_transition_time.as_ref().map(|time| time.0)
    };
    let deleted = || {
        let grace = SignedDuration::from_secs(meta.deletion_grace_period_seconds.unwrap_or_default());
        meta.deletion_timestamp.as_ref().map(|time| time.0.saturating_sub(grace).unwrap_or(time.0))
    };
    let created = || meta.creation_timestamp.as_ref().map(|time| time.0);
    last_exit(pod).or_else(not_ready).or_else(deleted).or_else(created).unwrap_or_default()
}

/// When the last container has ended; `None` when one has not.
fn last_exit(pod: &Pod) -> Option<Timestamp> {
    let status = pod.status.as_ref()?;
    let init = pod.spec.as_ref().and_then(|spec| spec.init_containers.as_ref());
    let is_sidecar = |status: &&ContainerStatus| {
        let found = init.into_iter().flatten().find(|container| container.name == status.name);
        found.is_some_and(|container| container.restart_policy.as_deref() == Some("Always"))
    };
    let sidecars = status.init_container_statuses.iter().flatten().filter(is_sidecar);
    let mut last = None;
    for container in status.container_statuses.iter().flatten().chain(sidecars) {
        let end = container.state.as_ref()?.terminated.as_ref()?.finished_at.as_ref()?.0;
        last = last.max(Some(end));
    }
    last
}
