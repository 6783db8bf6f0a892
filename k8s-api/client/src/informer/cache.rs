use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use foldhash::fast::RandomState;
use k8s_api::Kind;

use super::{Event, IndexFn};
use crate::ObjectKey;

/// The objects of one kind in order of namespace and name, and their indexes.
pub(super) struct Cache<K> {
    namespaces: Names<Names<Arc<K>>>,
    indexes: Vec<Index<K>>,
    len: usize,
}

type Names<V> = BTreeMap<Box<str>, V>;

struct Index<K> {
    name: &'static str,
    values_of: IndexFn<K>,
    buckets: HashMap<String, BTreeMap<ObjectKey, Arc<K>>, RandomState>,
}

pub(super) enum Change<K> {
    Set(Arc<K>),
    Removed(Arc<K>),
}

impl<K> Default for Cache<K> {
    fn default() -> Self {
        Self { namespaces: BTreeMap::new(), indexes: Vec::new(), len: 0 }
    }
}

impl<K> Cache<K> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn get(&self, namespace: &str, name: &str) -> Option<&Arc<K>> {
        self.namespaces.get(namespace)?.get(name)
    }

    pub(super) fn for_each(&self, visit: impl FnMut(&Arc<K>)) {
        self.namespaces.values().flat_map(Names::values).for_each(visit);
    }

    pub(super) fn in_namespace(&self, namespace: &str) -> impl Iterator<Item = &Arc<K>> {
        self.namespaces.get(namespace).into_iter().flat_map(Names::values)
    }

    pub(super) fn count_indexed(&self, index: &str, value: &str) -> usize {
        let bucket = self.indexes.iter().find(|i| i.name == index).and_then(|i| i.buckets.get(value));
        bucket.map_or(0, BTreeMap::len)
    }

    pub(super) fn indexed<'a>(&'a self, index: &str, value: &str) -> impl Iterator<Item = &'a Arc<K>> + use<'a, K> {
        let bucket = self.indexes.iter().find(|i| i.name == index).and_then(|i| i.buckets.get(value));
        bucket.into_iter().flat_map(BTreeMap::values)
    }
}

impl<K: Kind> Cache<K> {
    pub(super) fn add_index(&mut self, name: &'static str, values_of: IndexFn<K>) {
        if self.indexes.iter().any(|index| index.name == name) {
            return;
        }
        let mut index = Index { name, values_of, buckets: HashMap::default() };
        self.for_each(|object| index.replace(&ObjectKey::of(&**object), None, Some(object)));
        self.indexes.push(index);
    }

    pub(super) fn change(&mut self, change: Change<K>, events: &mut Vec<Event<K>>) {
        match change {
            Change::Set(object) => self.set(object, events),
            Change::Removed(last) => {
                if self.remove(&last).is_some() {
                    events.push(Event::Deleted(last));
                }
            }
        }
    }

    pub(super) fn replace(&mut self, items: Vec<Arc<K>>, events: &mut Vec<Event<K>>) {
        let mut gone = BTreeMap::new();
        self.for_each(|object| {
            gone.insert(ObjectKey::of(&**object), object.clone());
        });
        for object in items {
            if !gone.is_empty() {
                gone.remove(&ObjectKey::of(&*object));
            }
            self.set(object, events);
        }
        for object in gone.into_values() {
            self.remove(&object);
            events.push(Event::Deleted(object));
        }
    }

    fn set(&mut self, new: Arc<K>, events: &mut Vec<Event<K>>) {
        let (namespace, name) = (new.namespace(), new.name());
        let objects = match self.namespaces.get_mut(namespace) {
            Some(objects) => objects,
            None => self.namespaces.entry(namespace.into()).or_default(),
        };
        let old = match objects.get_mut(name) {
            // After a list or a resumed watch the server repeats itself.
            Some(slot) if is_same_version(&**slot, &*new) => return,
            Some(slot) => Some(std::mem::replace(slot, new.clone())),
            None => {
                objects.insert(name.into(), new.clone());
                self.len += 1;
                None
            }
        };
        self.reindex(old.as_ref(), Some(&new));
        events.push(match old {
            Some(old) => Event::Updated { old, new },
            None => Event::Added(new),
        });
    }

    fn remove(&mut self, object: &Arc<K>) -> Option<Arc<K>> {
        let objects = self.namespaces.get_mut(object.namespace())?;
        let old = objects.remove(object.name())?;
        if objects.is_empty() {
            self.namespaces.remove(object.namespace());
        }
        self.len -= 1;
        self.reindex(Some(&old), None);
        Some(old)
    }

    fn reindex(&mut self, old: Option<&Arc<K>>, new: Option<&Arc<K>>) {
        let Some(object) = new.or(old) else { return };
        if !self.indexes.is_empty() {
            let key = ObjectKey::of(&**object);
            self.indexes.iter_mut().for_each(|index| index.replace(&key, old, new));
        }
    }
}

impl<K> Index<K> {
    fn replace(&mut self, key: &ObjectKey, old: Option<&Arc<K>>, new: Option<&Arc<K>>) {
        let new_values = new.map(|object| (self.values_of)(object)).unwrap_or_default();
        for value in old.map(|object| (self.values_of)(object)).unwrap_or_default() {
            if !new_values.contains(&value)
                && let Some(bucket) = self.buckets.get_mut(&value)
            {
                bucket.remove(key);
                if bucket.is_empty() {
                    self.buckets.remove(&value);
                }
            }
        }
        let Some(object) = new else { return };
        for value in new_values {
            // Mostly the object stands there already, and nothing but the pointer changes.
            match self.buckets.get_mut(&value).and_then(|bucket| bucket.get_mut(key)) {
                Some(slot) => *slot = object.clone(),
                None => {
                    self.buckets.entry(value).or_default().insert(key.clone(), object.clone());
                }
            }
        }
    }
}

fn is_same_version<K: Kind>(a: &K, b: &K) -> bool {
    let (a, b) = (a.metadata(), b.metadata());
    a.resource_version.is_some() && a.resource_version == b.resource_version && a.uid == b.uid
}
