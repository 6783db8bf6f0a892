use std::iter::FusedIterator;
use std::ops::Bound;
use std::slice;

use bytes::Bytes;

use super::keys::Slots;
use crate::KeyRange;

/// How many keys a piece holds at most. A power of two, so that a piece that grew by doubling is full then.
const MOST: usize = 128;
/// A piece of fewer keys joins a neighbour if that has room.
const FEW: usize = MOST / 4;

/// The places that keys have among the slots, in the order of the keys.
///
/// They lie in pieces of adjacent keys. Other than a tree that makes it fast to say how many keys a range has, which
/// each page of a list is asked for, and to go through them.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// None is empty.
    pieces: Vec<Piece>,
}

#[derive(Debug)]
struct Piece {
    /// Parts it from the piece before: the keys there are less, the keys here are not. It need not be one of them, and
    /// that of the first piece means nothing.
    least: Bytes,
    places: Vec<usize>,
}

/// Before one of the places of a piece, or behind its last.
#[derive(Clone, Copy)]
struct Gap {
    piece: usize,
    index: usize,
}

/// The places of a range's keys.
pub(super) struct Places<'a> {
    piece: slice::Iter<'a, usize>,
    /// The pieces after that one.
    pieces: &'a [Piece],
    /// So many places of the last of them belong to the range.
    of_last: usize,
}

impl Order {
    pub(super) fn of(slots: &Slots) -> Self {
        // Bytes rather than their handles: what is compared is then one step away.
        let mut sorted: Vec<_> = slots.keys().map(|key| &key[..]).zip(0..).collect();
        // Stable, because that makes use of what is in order already.
        sorted.sort_by_key(|(key, _)| *key);
        let piece = |keys: &[(&[u8], usize)]| {
            let places: Vec<_> = keys.iter().map(|(_, place)| *place).collect();
            Piece { least: slots.keys()[places[0]].clone(), places }
        };
        Self { pieces: sorted.chunks(MOST).map(piece).collect() }
    }

    pub(super) fn range(&self, range: &KeyRange, slots: &Slots) -> Places<'_> {
        if range.is_empty() {
            return Places::none();
        }
        let (start, end) = range.bounds();
        let start = self.gap(slots, |key| match start {
            Bound::Included(start) => key < start,
            Bound::Excluded(start) => key <= start,
            Bound::Unbounded => false,
        });
        let end = self.gap(slots, |key| match end {
            Bound::Included(end) => key <= end,
            Bound::Excluded(end) => key < end,
            Bound::Unbounded => true,
        });
        let Some(Piece { places: first, .. }) = self.pieces.get(start.piece) else { return Places::none() };
        if start.piece == end.piece {
            return Places { piece: first[start.index..end.index].iter(), ..Places::none() };
        }
        let pieces = &self.pieces[start.piece + 1..=end.piece];
        Places { piece: first[start.index..].iter(), pieces, of_last: end.index }
    }

    /// Adds `key`, which is not there yet, at `place`.
    pub(super) fn insert(&mut self, key: &Bytes, place: usize, slots: &Slots) {
        let Gap { piece: at, index } = self.gap(slots, |other| other <= &key[..]);
        match self.pieces.get_mut(at) {
            None => self.pieces.push(Piece::of_one(key, place)),
            Some(piece) if piece.places.len() < MOST => piece.places.insert(index, place),
            // Who adds keys in order leaves full pieces behind.
            Some(_) if index == MOST => self.pieces.insert(at + 1, Piece::of_one(key, place)),
            Some(piece) => {
                let mut half = piece.split(slots);
                // Between the two it belongs to the first: it is less than the least of the other.
                match index.checked_sub(MOST / 2) {
                    Some(index @ 1..) => half.places.insert(index, place),
                    _ => piece.places.insert(index, place),
                }
                self.pieces.insert(at + 1, half);
            }
        }
    }

    pub(super) fn remove(&mut self, key: &[u8], slots: &Slots) {
        let Some(Gap { piece: at, index }) = self.find(key, slots) else { return };
        let Piece { places, .. } = &mut self.pieces[at];
        places.remove(index);
        if places.is_empty() {
            self.pieces.remove(at);
        } else if places.len() < FEW {
            self.join(at.saturating_sub(1));
            self.join(at);
        }
    }

    /// Notes that `key` will be at `place`.
    pub(super) fn set_place(&mut self, key: &[u8], place: usize, slots: &Slots) {
        if let Some(Gap { piece, index }) = self.find(key, slots) {
            self.pieces[piece].places[index] = place;
        }
    }

    /// Makes one of the piece `at` and the next if that is half a piece at most: the next keys need not part them.
    fn join(&mut self, at: usize) {
        if let Some([Piece { places, .. }, Piece { places: next, .. }]) = self.pieces.get_mut(at..at + 2)
            && places.len() + next.len() <= MOST / 2
        {
            places.append(next);
            self.pieces.remove(at + 1);
        }
    }

    fn find(&self, key: &[u8], slots: &Slots) -> Option<Gap> {
        let behind = self.gap(slots, |other| other <= key);
        let gap = Gap { index: behind.index.checked_sub(1)?, ..behind };
        (slots.keys()[self.pieces[gap.piece].places[gap.index]] == key).then_some(gap)
    }

    /// The gap behind all keys of which `is_before` is true: those come first.
    fn gap(&self, slots: &Slots, is_before: impl Fn(&[u8]) -> bool) -> Gap {
        let Some((_, others)) = self.pieces.split_first() else { return Gap { piece: 0, index: 0 } };
        let piece = others.partition_point(|piece| is_before(&piece.least));
        let keys = slots.keys();
        Gap { piece, index: self.pieces[piece].places.partition_point(|place| is_before(&keys[*place])) }
    }
}

impl Piece {
    fn of_one(key: &Bytes, place: usize) -> Self {
        Self { least: key.clone(), places: vec![place] }
    }

    /// Keeps the lesser half of a full piece and returns the other.
    fn split(&mut self, slots: &Slots) -> Self {
        let places = self.places.split_off(MOST / 2);
        Self { least: slots.keys()[places[0]].clone(), places }
    }
}

impl Places<'_> {
    pub(super) fn none() -> Self {
        Self { piece: [].iter(), pieces: &[], of_last: 0 }
    }
}

impl Iterator for Places<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        loop {
            if let Some(place) = self.piece.next() {
                return Some(*place);
            }
            let (Piece { places, .. }, pieces) = self.pieces.split_first()?;
            self.piece = if pieces.is_empty() { places[..self.of_last].iter() } else { places.iter() };
            self.pieces = pieces;
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let of_pieces = self.pieces.split_last().map_or(0, |(_, whole)| {
            let whole: usize = whole.iter().map(|piece| piece.places.len()).sum();
            whole + self.of_last
        });
        let len = self.piece.len() + of_pieces;
        (len, Some(len))
    }
}

impl ExactSizeIterator for Places<'_> {}
impl FusedIterator for Places<'_> {}
