use bytes::Bytes;
use indexmap::IndexMap;
use indexmap::map::Entry;

use super::order::{Order, Places};
use super::state::Slot;
use crate::KeyRange;

pub(super) type Slots = IndexMap<Bytes, Slot>;

/// The latest versions: found by key through a hash, and in order through a list of their places.
///
/// Finding a key in that order costs two dozen comparisons of keys that are nowhere near each other in memory, and
/// nearly all that is asked of a store is about one key whose place in the order does not change.
#[derive(Debug)]
pub(super) struct Keys {
    slots: Slots,
    /// Nothing while the store is filled.
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
        self.order = Some(Order::of(&self.slots));
    }

    /// The keys of `range` in order.
    pub(super) fn range(&self, range: &KeyRange) -> Range<'_> {
        let places = self.order.as_ref().map_or_else(Places::none, |order| order.range(range, &self.slots));
        Range { slots: &self.slots, places }
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
                entry.insert(write(None));
                (place, None)
            }
        };
        let (key, slot) = self.slots.get_index(place).expect("it was put there");
        if let (None, Some(order)) = (&old, &mut self.order) {
            order.insert(key, place, &self.slots);
        }
        (key, slot, old)
    }

    pub(super) fn remove(&mut self, key: &[u8]) -> Option<(Bytes, Slot)> {
        let place = self.slots.get_index_of(key)?;
        if let (Some(order), Some((last, _))) = (&mut self.order, self.slots.last()) {
            order.remove(key, &self.slots);
            // The last takes the place of what is removed.
            order.set_place(last, place, &self.slots);
        }
        self.slots.swap_remove_index(place)
    }
}

/// The keys of a range in order, with their latest versions.
pub(super) struct Range<'a> {
    slots: &'a Slots,
    places: Places<'a>,
}

impl<'a> Iterator for Range<'a> {
    type Item = (&'a Bytes, &'a Slot);

    fn next(&mut self) -> Option<Self::Item> {
        self.places.next().and_then(|place| self.slots.get_index(place))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.places.size_hint()
    }

    fn count(self) -> usize {
        self.len()
    }
}

impl ExactSizeIterator for Range<'_> {}
