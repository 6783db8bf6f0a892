use bytes::Bytes;

use crate::{Error, KeyRange, KeyValue, LeaseId, Page, RangeOptions, Revision};

mod check;
mod compare;

pub(crate) use compare::Parts;
pub use compare::{Compare, Operand, Relation};

/// One atomic step: `then` if all of `compares` hold, `otherwise` if not.
///
/// # Example: claim a key unless somebody else did, and learn who
/// ```
/// use k8s_store::{Compare, KeyRange, Op, Put, RangeOptions, Txn};
///
/// let claim = Txn::when([Compare::absent("leader")])
///     .then(Put::new("leader", "me"))
///     .otherwise(Op::Range(KeyRange::one("leader"), RangeOptions::latest()));
/// # assert_eq!(claim.then.len(), 1);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Txn {
    /// All must hold; none means yes.
    pub compares: Vec<Compare>,
    /// What to do if they hold.
    pub then: Vec<Op>,
    /// What to do if one does not.
    pub otherwise: Vec<Op>,
}

/// One operation of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Writes a key.
    Put(Put),
    /// Deletes the keys of a range.
    Delete(Delete),
    /// Reads, with what the operations before it wrote.
    Range(KeyRange, RangeOptions),
    /// A transaction inside. Its comparisons see the state before the outermost one.
    Txn(Txn),
}

/// Writes one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    /// Must not be empty.
    pub key: Bytes,
    /// The new value, or that of the version before.
    pub value: Field<Bytes>,
    /// The lease to tie the key to from now on, or that of the version before.
    pub lease: Field<Option<LeaseId>>,
    /// Return the version before.
    pub prev: bool,
}

/// A part of a key that a put replaces or leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field<T> {
    /// Replaces it.
    Set(T),
    /// Leaves it. The transaction fails with [`Error::NotFound`] if the key does not exist.
    Keep,
}

/// Deletes the keys of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delete {
    /// Which keys.
    pub range: KeyRange,
    /// Return the versions that were deleted.
    pub prev: bool,
}

/// What a transaction did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TxnOutcome {
    /// Whether the comparisons held, so that `then` ran.
    pub succeeded: bool,
    /// The store's revision after the step: this transaction's own if it wrote anything.
    pub revision: Revision,
    /// One result per operation of the branch that ran.
    pub results: Vec<OpResult>,
}

/// What one operation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpResult {
    /// The key was written.
    Put {
        /// The version before, if there was one and it was asked for.
        prev: Option<KeyValue>,
    },
    /// The range holds no key any more.
    Delete {
        /// How many keys were deleted.
        deleted: u64,
        /// The versions that were deleted, if asked for.
        prev: Vec<KeyValue>,
    },
    /// What was read.
    Range(Page),
    /// What the transaction inside did. Its revision is that of the outermost.
    Txn(TxnOutcome),
}

impl Txn {
    /// A transaction that depends on `compares`.
    pub fn when(compares: impl IntoIterator<Item = Compare>) -> Self {
        Self { compares: compares.into_iter().collect(), ..Self::default() }
    }

    /// A transaction that runs `op` in any case; add more with [`Txn::then`].
    pub fn always(op: impl Into<Op>) -> Self {
        Self::default().then(op)
    }

    /// Adds an operation for when the comparisons hold.
    pub fn then(mut self, op: impl Into<Op>) -> Self {
        self.then.push(op.into());
        self
    }

    /// Adds an operation for when they do not.
    pub fn otherwise(mut self, op: impl Into<Op>) -> Self {
        self.otherwise.push(op.into());
        self
    }

    /// Whether no operation of either branch can write.
    pub fn is_read_only(&self) -> bool {
        self.then.iter().chain(&self.otherwise).all(Op::is_read_only)
    }

    /// Checks what does not depend on the store's state: no empty key, and no key that one branch would change twice.
    ///
    /// For backends; they call this before anything else.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub fn check(&self) -> Result<(), Error> {
        check::check(self)
    }
}

impl Op {
    fn is_read_only(&self) -> bool {
        match self {
            Self::Put(_) | Self::Delete(_) => false,
            Self::Range(..) => true,
            Self::Txn(txn) => txn.is_read_only(),
        }
    }
}

impl Put {
    /// Writes `value` to `key`, tied to no lease.
    pub fn new(key: impl Into<Bytes>, value: impl Into<Bytes>) -> Self {
        Self { key: key.into(), value: Field::Set(value.into()), lease: Field::Set(None), prev: false }
    }

    /// Ties the key to `lease`.
    pub fn lease(self, lease: LeaseId) -> Self {
        Self { lease: Field::Set(Some(lease)), ..self }
    }

    /// Returns the version before.
    pub fn prev(self) -> Self {
        Self { prev: true, ..self }
    }
}

impl Delete {
    /// Deletes `key`.
    pub fn one(key: impl Into<Bytes>) -> Self {
        Self::range(KeyRange::one(key))
    }

    /// Deletes the keys of `range`.
    pub fn range(range: KeyRange) -> Self {
        Self { range, prev: false }
    }

    /// Returns the versions that were deleted.
    pub fn prev(self) -> Self {
        Self { prev: true, ..self }
    }
}

impl From<Put> for Op {
    fn from(put: Put) -> Self {
        Self::Put(put)
    }
}

impl From<Delete> for Op {
    fn from(delete: Delete) -> Self {
        Self::Delete(delete)
    }
}

impl From<Txn> for Op {
    fn from(txn: Txn) -> Self {
        Self::Txn(txn)
    }
}
