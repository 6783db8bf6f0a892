use std::fmt;
use std::num::NonZeroI64;

/// A point in a store's history: one per committed transaction, rising by one, shared by all keys.
///
/// A store that nothing was written to is at revision 1, so that [`Revision::ZERO`] can mean "none".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

impl Revision {
    /// Before everything: the modification revision of a key that does not exist.
    pub const ZERO: Self = Self(0);

    /// The revision of a store that nothing was written to.
    pub const FIRST: Self = Self(1);

    /// The revision after this one.
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The revision before this one; that of [`Revision::ZERO`] is itself.
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// Whether this is [`Revision::ZERO`].
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name of a lease: any number but zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseId(NonZeroI64);

impl LeaseId {
    /// The lease named `id`; none if that is zero, which on the wire means "no lease".
    pub const fn new(id: i64) -> Option<Self> {
        match NonZeroI64::new(id) {
            Some(id) => Some(Self(id)),
            None => None,
        }
    }

    /// The number.
    pub const fn get(self) -> i64 {
        self.0.get()
    }
}

impl fmt::Display for LeaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}
