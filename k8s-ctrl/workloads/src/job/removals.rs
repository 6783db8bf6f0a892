use std::collections::{BTreeSet, HashMap};

use foldhash::fast::RandomState;
use k8s_api_client::ObjectKey;
use parking_lot::Mutex;

/// The pods of each job, by uid, whose finalizer is being removed and in the cache still is there: counted already.
///
/// Upstream: `tracking_utils.go`.
#[derive(Debug, Default)]
pub(super) struct Removals(Mutex<HashMap<ObjectKey, BTreeSet<String>, RandomState>>);

impl Removals {
    /// Those of a job.
    pub(super) fn of(&self, key: &ObjectKey) -> BTreeSet<String> {
        self.0.lock().get(key).cloned().unwrap_or_default()
    }

    /// Expects these, too.
    pub(super) fn expect<'a>(&self, key: &ObjectKey, uids: impl Iterator<Item = &'a str>) {
        self.0.lock().entry(key.clone()).or_default().extend(uids.map(str::to_owned));
    }

    /// The removal was seen, or failed.
    pub(super) fn observed(&self, key: &ObjectKey, uid: &str) {
        let mut all = self.0.lock();
        if let Some(of_job) = all.get_mut(key)
            && of_job.remove(uid)
            && of_job.is_empty()
        {
            all.remove(key);
        }
    }

    /// Forgets a job that is gone.
    pub(super) fn forget(&self, key: &ObjectKey) {
        self.0.lock().remove(key);
    }
}
