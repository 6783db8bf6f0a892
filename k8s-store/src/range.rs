use crate::{KeyValue, Revision};

/// How to read a range. The default reads all of it, values included, as of now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RangeOptions {
    /// The revision to read at; none is the latest.
    pub revision: Option<Revision>,
    /// How many items to return at most; 0 is all.
    pub limit: usize,
    /// Return items with empty values.
    pub keys_only: bool,
    /// Return no items, only [`Page::count`].
    pub count_only: bool,
}

impl RangeOptions {
    /// Reads as of now.
    pub fn latest() -> Self {
        Self::default()
    }

    /// Reads as of `revision`; [`Revision::ZERO`] is now.
    pub fn at(revision: Revision) -> Self {
        Self { revision: (!revision.is_zero()).then_some(revision), ..Self::default() }
    }

    /// Returns at most `limit` items; 0 is all.
    pub fn limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    /// Leaves the values out.
    pub fn keys_only(self) -> Self {
        Self { keys_only: true, ..self }
    }

    /// Leaves the items out.
    pub fn count_only(self) -> Self {
        Self { count_only: true, ..self }
    }
}

/// What a range held at one revision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The items in byte order of their keys, as many as the limit allows.
    pub items: Vec<KeyValue>,
    /// The store's latest revision when this was read, even if an older one was asked for.
    ///
    /// To read the next page of a list, ask for [`KeyRange::after`](crate::KeyRange::after) the last key at the
    /// revision of the first page.
    pub revision: Revision,
    /// Whether the limit cut items off.
    pub more: bool,
    /// How many keys the range held, whatever the limit.
    pub count: u64,
}
