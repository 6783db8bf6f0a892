use std::iter::FusedIterator;
use std::ops::Bound;
use std::slice;

use bytes::Bytes;

use crate::KeyRange;

/// How many keys a piece holds at most. A power of two, so that a piece that grew by doubling is full then.
const MOST: usize = 128;
/// A piece of fewer keys joins a neighbour if that has room.
const FEW: usize = MOST / 4;

/// Keys in order, each with its place elsewhere.
///
/// They lie in pieces of adjacent keys. Other than a tree that makes it fast to say how many keys a range has, which
/// each page of a list is asked for, and to go through them.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// None is empty.
    pieces: Vec<Vec<Entry>>,
}

type Entry = (Bytes, usize);

/// Before an entry of a piece, or behind its last.
#[derive(Clone, Copy)]
struct Gap {
    piece: usize,
    entry: usize,
}

/// The keys of a range.
pub(super) struct Entries<'a> {
    piece: slice::Iter<'a, Entry>,
    /// The pieces after that one.
    pieces: &'a [Vec<Entry>],
    /// So many keys of the last of them belong to the range.
    of_last: usize,
}

impl Order {
    pub(super) fn range(&self, range: &KeyRange) -> Entries<'_> {
        if range.is_empty() {
            return Entries::none();
        }
        let (start, end) = range.bounds();
        let start = self.gap(|key| match start {
            Bound::Included(start) => key < start,
            Bound::Excluded(start) => key <= start,
            Bound::Unbounded => false,
        });
        let end = self.gap(|key| match end {
            Bound::Included(end) => key <= end,
            Bound::Excluded(end) => key < end,
            Bound::Unbounded => true,
        });
        let Some(first) = self.pieces.get(start.piece) else { return Entries::none() };
        if start.piece == end.piece {
            return Entries { piece: first[start.entry..end.entry].iter(), ..Entries::none() };
        }
        let pieces = &self.pieces[start.piece + 1..=end.piece];
        Entries { piece: first[start.entry..].iter(), pieces, of_last: end.entry }
    }

    /// Adds a key, which is not there yet.
    pub(super) fn insert(&mut self, key: Bytes, place: usize) {
        let Gap { piece: at, entry } = self.gap(|other| *other < key[..]);
        let new = (key, place);
        match self.pieces.get_mut(at) {
            None => self.pieces.push(vec![new]),
            Some(piece) if piece.len() < MOST => piece.insert(entry, new),
            // Who adds keys in order leaves full pieces behind.
            Some(_) if entry == MOST => self.pieces.insert(at + 1, vec![new]),
            Some(piece) => {
                let mut half = piece.split_off(MOST / 2);
                match entry.checked_sub(MOST / 2) {
                    Some(entry) => half.insert(entry, new),
                    None => piece.insert(entry, new),
                }
                self.pieces.insert(at + 1, half);
            }
        }
    }

    pub(super) fn remove(&mut self, key: &[u8]) {
        let Some(Gap { piece: at, entry }) = self.find(key) else { return };
        let piece = &mut self.pieces[at];
        piece.remove(entry);
        if piece.is_empty() {
            self.pieces.remove(at);
        } else if piece.len() < FEW {
            self.join(at.saturating_sub(1));
            self.join(at);
        }
    }

    pub(super) fn place_mut(&mut self, key: &[u8]) -> Option<&mut usize> {
        let Gap { piece, entry } = self.find(key)?;
        Some(&mut self.pieces[piece][entry].1)
    }

    /// Makes one of the piece `at` and the next if that is half a piece at most: the next keys need not part them.
    fn join(&mut self, at: usize) {
        if let Some([piece, next]) = self.pieces.get_mut(at..at + 2)
            && piece.len() + next.len() <= MOST / 2
        {
            piece.append(next);
            self.pieces.remove(at + 1);
        }
    }

    fn find(&self, key: &[u8]) -> Option<Gap> {
        let piece = self.pieces.partition_point(|piece| piece[0].0 <= key).checked_sub(1)?;
        let entry = self.pieces[piece].binary_search_by(|(other, _)| other[..].cmp(key)).ok()?;
        Some(Gap { piece, entry })
    }

    /// The gap behind all keys of which `is_before` is true: those come first. It is in a piece that has such a key,
    /// perhaps behind all of it, or at the very beginning.
    fn gap(&self, is_before: impl Fn(&[u8]) -> bool) -> Gap {
        let piece = self.pieces.partition_point(|piece| is_before(&piece[0].0)).saturating_sub(1);
        let entries = self.pieces.get(piece);
        Gap { piece, entry: entries.map_or(0, |entries| entries.partition_point(|(key, _)| is_before(key))) }
    }
}

/// From keys that are in order.
impl FromIterator<Entry> for Order {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        let mut entries = entries.into_iter();
        let mut pieces = Vec::new();
        loop {
            let piece: Vec<_> = entries.by_ref().take(MOST).collect();
            if piece.is_empty() {
                return Self { pieces };
            }
            pieces.push(piece);
        }
    }
}

impl Entries<'_> {
    pub(super) fn none() -> Self {
        Self { piece: [].iter(), pieces: &[], of_last: 0 }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = &'a Entry;

    fn next(&mut self) -> Option<&'a Entry> {
        loop {
            if let Some(entry) = self.piece.next() {
                return Some(entry);
            }
            let (piece, pieces) = self.pieces.split_first()?;
            self.piece = if pieces.is_empty() { piece[..self.of_last].iter() } else { piece.iter() };
            self.pieces = pieces;
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let of_pieces = self.pieces.split_last().map_or(0, |(_, whole)| {
            let whole: usize = whole.iter().map(Vec::len).sum();
            whole + self.of_last
        });
        let len = self.piece.len() + of_pieces;
        (len, Some(len))
    }
}

impl ExactSizeIterator for Entries<'_> {}
impl FusedIterator for Entries<'_> {}
