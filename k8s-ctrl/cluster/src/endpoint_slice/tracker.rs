use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use foldhash::fast::RandomState;
use k8s_api::Kind;
use k8s_api_client::ObjectKey;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use parking_lot::Mutex;

/// What this controller has written last, to know whether the cache has it, and what others have written.
///
/// Upstream: `EndpointSliceTracker`.
#[derive(Debug, Default)]
pub(super) struct Tracker(Mutex<HashMap<ObjectKey, BTreeMap<String, Last>, RandomState>>);

/// What was done last to a slice, by its uid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    /// Written, with this generation as the result.
    Written(i64),
    Deleted,
}

impl Tracker {
    pub(super) fn written(&self, service: &ObjectKey, slice: &ObjectMeta) {
        let last = Last::Written(slice.generation.unwrap_or_default());
        self.note(service, slice.uid.clone().unwrap_or_default(), last);
    }

    pub(super) fn deleted(&self, service: &ObjectKey, uid: String) {
        self.note(service, uid, Last::Deleted);
    }

    pub(super) fn forget(&self, service: &ObjectKey) {
        self.0.lock().remove(service);
    }

    /// Whether these slices, from the cache, are not yet what was written.
    pub(super) fn is_stale(&self, service: &ObjectKey, slices: &[Arc<EndpointSlice>]) -> bool {
        let known = self.0.lock();
        let Some(known) = known.get(service) else { return false };
        let older = slices.iter().any(|slice| match known.get(slice.uid()) {
            Some(Last::Deleted) => true,
            Some(Last::Written(generation)) => *generation > slice.metadata.generation.unwrap_or_default(),
            None => false,
        });
        let cached = |uid: &str| slices.iter().any(|slice| slice.uid() == uid);
        older || known.iter().any(|(uid, last)| *last != Last::Deleted && !cached(uid))
    }

    /// Whether a slice that was seen is newer than what was written.
    pub(super) fn is_news(&self, service: &ObjectKey, slice: &ObjectMeta) -> bool {
        let known = self.0.lock();
        let last = known.get(service).and_then(|slices| slices.get(slice.uid.as_deref().unwrap_or_default()));
        match last {
            Some(Last::Written(generation)) => slice.generation.unwrap_or_default() > *generation,
            Some(Last::Deleted) => true,
            None => true,
        }
    }

    /// Notes that a slice is gone; whether somebody else has deleted it.
    pub(super) fn is_unexpected_end(&self, service: &ObjectKey, uid: &str) -> bool {
        let mut known = self.0.lock();
        let last = known.get_mut(service).and_then(|slices| slices.remove(uid));
        matches!(last, Some(Last::Written(_)))
    }

    fn note(&self, service: &ObjectKey, uid: String, last: Last) {
        self.0.lock().entry(service.clone()).or_default().insert(uid, last);
    }
}
