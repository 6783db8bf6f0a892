use std::collections::HashMap;

use foldhash::fast::RandomState;

/// What was used recently, by key: the last `capacity` entries for certain, at most twice as many.
///
/// Two generations instead of a linked list: when the young one is full it becomes the old one, and the old one goes.
#[derive(Debug)]
pub(super) struct Recent<V> {
    young: HashMap<String, V, RandomState>,
    old: HashMap<String, V, RandomState>,
    capacity: usize,
}

impl<V: Default> Recent<V> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { young: HashMap::default(), old: HashMap::default(), capacity }
    }

    /// The entry of a key; a default one if it is not known.
    pub(super) fn entry(&mut self, key: String) -> &mut V {
        if self.young.len() >= self.capacity && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        let (young, old) = (&mut self.young, &mut self.old);
        young.entry(key).or_insert_with_key(|key| old.remove(key).unwrap_or_default())
    }
}
