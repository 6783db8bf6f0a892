use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use foldhash::fast::RandomState;
use k8s_api_client::ObjectKey;
use parking_lot::Mutex;
use tokio::time::Instant;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// When a failed pod was last replaced on each node, so that a set does not fight with a kubelet that refuses its pods.
#[derive(Debug, Default)]
pub(super) struct Backoffs(Mutex<HashMap<ObjectKey, BTreeMap<String, Pause>, RandomState>>);

#[derive(Clone, Copy, Debug)]
struct Pause {
    generation: i64,
    delay: Duration,
    since: Instant,
}

impl Backoffs {
    /// Begins another replacement on a node, or says how long to wait with it.
    pub(super) fn begin(&self, key: &ObjectKey, generation: i64, node: &str) -> Result<(), Duration> {
        let mut all = self.0.lock();
        let of_set = all.entry(key.clone()).or_default();
        let now = Instant::now();
        let before = of_set.get(node).filter(|pause| pause.generation == generation);
        let delay = match before {
            Some(pause) if pause.since + pause.delay > now => return Err(pause.since + pause.delay - now),
            Some(pause) if pause.since + 2 * LONGEST > now => (2 * pause.delay).min(LONGEST),
            _ => FIRST,
        };
        of_set.insert(node.to_owned(), Pause { generation, delay, since: now });
        Ok(())
    }

    /// Forgets a set that is gone.
    pub(super) fn forget(&self, key: &ObjectKey) {
        self.0.lock().remove(key);
    }
}
