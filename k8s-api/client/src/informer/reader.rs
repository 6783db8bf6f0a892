use std::fmt;
use std::sync::Arc;

use k8s_api::Kind;

use super::Shared;

/// Finds the values of an object under which an index lists it.
pub type IndexFn<K> = fn(&K) -> Vec<String>;

/// The cache of an informer, for reading. Cloning shares it.
///
/// What it hands out are the shared objects themselves, in order of namespace and name.
pub struct Reader<K>(pub(super) Arc<Shared<K>>);

impl<K: Kind> Reader<K> {
    /// Finds one object; an empty namespace means cluster scope.
    pub fn get(&self, namespace: &str, name: &str) -> Option<Arc<K>> {
        self.0.cache.read().get(namespace, name).cloned()
    }

    /// Finds an object by its key.
    pub fn find(&self, key: &crate::ObjectKey) -> Option<Arc<K>> {
        self.get(key.namespace(), key.name())
    }

    /// All objects.
    pub fn list(&self) -> Vec<Arc<K>> {
        let cache = self.0.cache.read();
        let mut all = Vec::with_capacity(cache.len());
        cache.for_each(|object| all.push(object.clone()));
        all
    }

    /// The objects of one namespace.
    pub fn list_namespace(&self, namespace: &str) -> Vec<Arc<K>> {
        self.0.cache.read().in_namespace(namespace).cloned().collect()
    }

    /// The objects that an index lists under a value; none when there is no such index.
    pub fn by_index(&self, index: &str, value: &str) -> Vec<Arc<K>> {
        self.0.cache.read().indexed(index, value).cloned().collect()
    }

    /// Visits the objects that an index lists under a value, as [`Reader::for_each`].
    pub fn for_each_indexed(&self, index: &str, value: &str, visit: impl FnMut(&Arc<K>)) {
        self.0.cache.read().indexed(index, value).for_each(visit);
    }

    /// How many objects an index lists under a value.
    pub fn count_index(&self, index: &str, value: &str) -> usize {
        self.0.cache.read().count_indexed(index, value)
    }

    /// Visits all objects. The cache stands still meanwhile: `visit` must be short and must not use informers.
    pub fn for_each(&self, visit: impl FnMut(&Arc<K>)) {
        self.0.cache.read().for_each(visit);
    }

    /// Visits the objects of one namespace, as [`Reader::for_each`].
    pub fn for_each_in(&self, namespace: &str, visit: impl FnMut(&Arc<K>)) {
        self.0.cache.read().in_namespace(namespace).for_each(visit);
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.0.cache.read().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<K> Clone for Reader<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K: Kind> fmt::Debug for Reader<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reader({} of {})", self.len(), K::KIND)
    }
}
