use std::ops::Bound;

use bytes::Bytes;

/// A set of adjacent keys in byte order: one key, all that start with a prefix, or all between two.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyRange {
    start: Bytes,
    end: End,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum End {
    One,
    Before(Bytes),
    Open,
}

impl KeyRange {
    /// `key` alone.
    pub fn one(key: impl Into<Bytes>) -> Self {
        Self { start: key.into(), end: End::One }
    }

    /// All keys that start with `prefix`; an empty prefix is all keys.
    pub fn prefix(prefix: impl Into<Bytes>) -> Self {
        let start = prefix.into();
        let end = match start.iter().rposition(|byte| *byte != u8::MAX) {
            Some(last) => {
                let mut end = start[..=last].to_vec();
                end[last] += 1;
                End::Before(end.into())
            }
            None => End::Open,
        };
        Self { start, end }
    }

    /// `start` and the keys after it that come before `end`; empty if `end` does not come after `start`.
    pub fn range(start: impl Into<Bytes>, end: impl Into<Bytes>) -> Self {
        Self { start: start.into(), end: End::Before(end.into()) }
    }

    /// `start` and all keys after it.
    pub fn from(start: impl Into<Bytes>) -> Self {
        Self { start: start.into(), end: End::Open }
    }

    /// Every key.
    pub fn all() -> Self {
        Self::from(Bytes::new())
    }

    /// The part of this range that comes after `key`: the next page of a list whose last key was `key`.
    pub fn after(&self, key: &[u8]) -> Self {
        let start = if key < &self.start[..] {
            self.start.clone()
        } else {
            let mut start = Vec::with_capacity(key.len() + 1);
            start.extend_from_slice(key);
            start.push(0);
            Bytes::from(start)
        };
        let end = match &self.end {
            End::One if start == self.start => End::One,
            End::One => End::Before(start.clone()),
            end => end.clone(),
        };
        Self { start, end }
    }

    /// The first key that can be in the range.
    pub fn start(&self) -> &Bytes {
        &self.start
    }

    /// The key before which the range ends; none if it is one key or goes on to the last.
    pub fn end(&self) -> Option<&Bytes> {
        match &self.end {
            End::Before(end) => Some(end),
            End::One | End::Open => None,
        }
    }

    /// The key, if the range was made for one.
    pub fn as_one(&self) -> Option<&Bytes> {
        matches!(self.end, End::One).then_some(&self.start)
    }

    /// Whether no key can be in the range.
    pub fn is_empty(&self) -> bool {
        matches!(&self.end, End::Before(end) if *end <= self.start)
    }

    /// Whether `key` is in the range.
    pub fn contains(&self, key: &[u8]) -> bool {
        match &self.end {
            End::One => key == self.start,
            End::Before(end) => key >= &self.start[..] && key < &end[..],
            End::Open => key >= &self.start[..],
        }
    }

    /// The bounds to hand to an ordered map. An [empty](Self::is_empty) range has bounds that cross, for which
    /// `BTreeMap::range` panics: ask first.
    pub fn bounds(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        let end = match &self.end {
            End::One => Bound::Included(&self.start[..]),
            End::Before(end) => Bound::Excluded(&end[..]),
            End::Open => Bound::Unbounded,
        };
        (Bound::Included(&self.start[..]), end)
    }
}
