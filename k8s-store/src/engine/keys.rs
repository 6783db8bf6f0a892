use bytes::Bytes;
use indexmap::IndexMap;
use indexmap::map::Entry;

use super::order::{self, Order};
use super::state::Slot;
use crate::KeyRange;

/// The latest versions: found by key through a hash, and in order through a list of the keys alone.
///
/// Finding a key in that order costs two dozen comparisons of keys that are nowhere near each other in memory, and
/// nearly all that is asked of a store is about one key whose place in the order does not change.
#[derive(Debug)]
pub(super) struct Keys {
    slots: IndexMap<Bytes, Slot>,
    /// Where in `slots` each key is; nothing while the store is filled.
    order: Option<Order>,
}

/// No keys, in order.
impl Default for Keys {
    fn default() -> Self {
        Self { slots: IndexMap::default(), order: Some(Order::default()) }
    }
}

impl Keys {
    pub(super) fn get(&self, key: &[u8]) -> Option<(&Bytes, &Slot)> {
        self.slots.get_key_value(key)
    }

    /// Expects so many keys, in no order until [`Keys::order`]: one by one that would take longer than all else.
    pub(super) fn filling(keys: usize) -> Self {
        Self { slots: IndexMap::with_capacity(keys), order: None }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// All keys in no order.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Bytes, &Slot)> {
        self.slots.iter()
    }

    /// Adds a key that comes after all others; says whether it does.
    pub(super) fn append(&mut self, key: Bytes, slot: Slot) -> bool {
        if self.slots.last().is_some_and(|(last, _)| *last >= key) {
            return false;
        }
        self.slots.insert(key, slot);
        true
    }

    /// Puts all keys in order, and keeps them so from now on.
    pub(super) fn order(&mut self) {
        let mut keys: Vec<_> = self.slots.keys().cloned().zip(0..).collect();
        // Stable, because that makes use of what is in order already.
        keys.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.order = Some(keys.into_iter().collect());
    }

    /// The keys of `range` in order.
    pub(super) fn range(&self, range: &KeyRange) -> Range<'_> {
        let order = self.order.as_ref().map_or_else(order::Entries::none, |order| order.range(range));
        Range { slots: &self.slots, order }
    }

    /// Puts what `write` makes of the version before under `key`; returns the key as it was first given, and the
    /// version before.
    pub(super) fn put(
        &mut self,
        key: Bytes,
        write: impl FnOnce(Option<&Slot>) -> Slot,
    ) -> (&Bytes, &Slot, Option<Slot>) {
        let (place, old) = match self.slots.entry(key) {
            Entry::Occupied(mut entry) => {
                let slot = write(Some(entry.get()));
                (entry.index(), Some(entry.insert(slot)))
            }
            Entry::Vacant(entry) => {
                let place = entry.index();
                if let Some(order) = &mut self.order {
                    order.insert(entry.key().clone(), place);
                }
                entry.insert(write(None));
                (place, None)
            }
        };
        let (key, slot) = self.slots.get_index(place).expect("it was put there");
        (key, slot, old)
    }

    pub(super) fn remove(&mut self, key: &[u8]) -> Option<(Bytes, Slot)> {
        let (place, key, slot) = self.slots.swap_remove_full(key)?;
        if let Some(order) = &mut self.order {
            order.remove(&key);
            // The last took the place of what was removed.
            if let Some((moved, _)) = self.slots.get_index(place)
                && let Some(its_place) = order.place_mut(moved)
            {
                *its_place = place;
            }
        }
        Some((key, slot))
    }
}

/// The keys of a range in order, with their latest versions.
pub(super) struct Range<'a> {
    slots: &'a IndexMap<Bytes, Slot>,
    order: order::Entries<'a>,
}

impl<'a> Iterator for Range<'a> {
    type Item = (&'a Bytes, &'a Slot);

    fn next(&mut self) -> Option<Self::Item> {
        self.order.next().map(|(key, place)| (key, &self.slots[*place]))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.order.size_hint()
    }

    fn count(self) -> usize {
        self.len()
    }
}

impl ExactSizeIterator for Range<'_> {}
