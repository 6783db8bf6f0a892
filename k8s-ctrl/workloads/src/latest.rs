use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use k8s_api::Kind;
use k8s_api_client::ObjectKey;
use parking_lot::Mutex;

/// What a controller wrote last of each object, for as long as its cache has not caught up.
///
/// Without it a round that begins before the cache has the round before it would write again, and run into a conflict.
#[derive(Debug)]
pub(crate) struct Latest<K>(Mutex<HashMap<ObjectKey, Arc<K>, RandomState>>);

impl<K> Default for Latest<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Kind> Latest<K> {
    /// The newer of what the cache has and what was written.
    pub(crate) fn newer(&self, key: &ObjectKey, cached: Arc<K>) -> Arc<K> {
        let mut written = self.0.lock();
        match written.get(key) {
            Some(own) if own.uid() == cached.uid() && revision(&**own) > revision(&*cached) => own.clone(),
            Some(_) => {
                written.remove(key);
                cached
            }
            None => cached,
        }
    }

    /// Remembers what the server answered to a write.
    pub(crate) fn wrote(&self, key: &ObjectKey, object: Arc<K>) {
        self.0.lock().insert(key.clone(), object);
    }

    /// Forgets an object that is gone.
    pub(crate) fn forget(&self, key: &ObjectKey) {
        self.0.lock().remove(key);
    }
}

/// The revision of an object; 0 when it has none that can be compared.
pub(crate) fn revision(object: &impl Kind) -> u64 {
    object.metadata().resource_version.as_deref().and_then(|text| text.parse().ok()).unwrap_or_default()
}
