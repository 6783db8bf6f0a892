//! What a controller has done and not yet seen in its cache.
//!
//! A controller that counts objects in a cache must not count again before the cache has what it made or deleted a
//! moment ago: it would make it twice.
//!
//! Upstream: `k8s.io/kubernetes/pkg/controller.UIDTrackingControllerExpectations`.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use foldhash::fast::RandomState;
use k8s_api_client::ObjectKey;
use parking_lot::Mutex;
use tokio::time::Instant;

/// After so long a controller stops waiting for what it expects. Upstream: `ExpectationsTimeout`.
const TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// What is expected, by the key of the owner.
#[derive(Debug, Default)]
pub struct Expectations(Mutex<HashMap<ObjectKey, Expected, RandomState>>);

#[derive(Debug)]
struct Expected {
    creations: i64,
    /// What identifies each object that is to go, `namespace/name` or a uid.
    deletions: BTreeSet<String>,
    since: Instant,
}

impl Expectations {
    /// Nothing is expected.
    pub fn new() -> Self {
        Self::default()
    }

    /// Expects so many creations, and nothing else. Call it before making them.
    pub fn expect_creations(&self, owner: &ObjectKey, n: usize) {
        self.set(owner, n as i64, BTreeSet::new());
    }

    /// Expects these objects to go, each named by what [`Expectations::deletion_observed`] will say. Call it before
    /// deleting them.
    pub fn expect_deletions(&self, owner: &ObjectKey, objects: impl IntoIterator<Item = String>) {
        self.set(owner, 0, objects.into_iter().collect());
    }

    /// Expects both.
    pub fn expect(&self, owner: &ObjectKey, creations: usize, deletions: impl IntoIterator<Item = String>) {
        self.set(owner, creations as i64, deletions.into_iter().collect());
    }

    /// A creation was seen, or failed.
    pub fn creation_observed(&self, owner: &ObjectKey) {
        self.creations_observed(owner, 1);
    }

    /// So many creations were seen, or failed, or will not be tried.
    pub fn creations_observed(&self, owner: &ObjectKey, n: usize) {
        if let Some(expected) = self.0.lock().get_mut(owner) {
            expected.creations -= n as i64;
        }
    }

    /// The end of an object was seen, or its deletion failed.
    pub fn deletion_observed(&self, owner: &ObjectKey, object: &str) {
        if let Some(expected) = self.0.lock().get_mut(owner) {
            expected.deletions.remove(object);
        }
    }

    /// Whether everything expected was seen, or was waited for long enough.
    pub fn satisfied(&self, owner: &ObjectKey) -> bool {
        self.0.lock().get(owner).is_none_or(|expected| {
            expected.creations <= 0 && expected.deletions.is_empty() || expected.since.elapsed() > TIMEOUT
        })
    }

    /// Forgets what an owner that is gone expected.
    pub fn forget(&self, owner: &ObjectKey) {
        self.0.lock().remove(owner);
    }

    fn set(&self, owner: &ObjectKey, creations: i64, deletions: BTreeSet<String>) {
        self.0.lock().insert(owner.clone(), Expected { creations, deletions, since: Instant::now() });
    }
}
