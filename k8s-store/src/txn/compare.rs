use bytes::Bytes;

use crate::{KeyRange, KeyValue, LeaseId, Revision};

/// A comparison of one part of a key with a given one.
///
/// Reads as "part relation operand": `Compare::version("a", Relation::Greater, 3)` holds if the version of `a` is
/// greater than 3. A key that does not exist has version, revisions and lease zero, and no value: every comparison of
/// its value fails. Over a range of keys it holds if it holds for each; for a range without keys, if it holds for a
/// key that does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compare {
    /// The key, or the keys.
    pub range: KeyRange,
    /// How the part relates to the operand.
    pub relation: Relation,
    /// Which part, and what it is compared with.
    pub operand: Operand,
}

/// How two parts relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relation {
    /// They are the same.
    Equal,
    /// They are not the same.
    NotEqual,
    /// The key's is less.
    Less,
    /// The key's is greater.
    Greater,
}

/// The part of a key that is compared, and what with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    /// The value, byte by byte.
    Value(Bytes),
    /// The number of writes since the key was created.
    Version(u64),
    /// The revision at which the key was created.
    CreateRevision(Revision),
    /// The revision at which the key was last written.
    ModRevision(Revision),
    /// The lease the key is tied to; none sorts before all.
    Lease(Option<LeaseId>),
}

impl Compare {
    /// Compares `operand` for one key.
    pub fn new(key: impl Into<Bytes>, relation: Relation, operand: Operand) -> Self {
        Self { range: KeyRange::one(key), relation, operand }
    }

    /// Holds if the key does not exist.
    pub fn absent(key: impl Into<Bytes>) -> Self {
        Self::unchanged(key, Revision::ZERO)
    }

    /// Holds if the key exists.
    pub fn exists(key: impl Into<Bytes>) -> Self {
        Self::new(key, Relation::NotEqual, Operand::ModRevision(Revision::ZERO))
    }

    /// Holds if the key was last written at `mod_revision`.
    pub fn unchanged(key: impl Into<Bytes>, mod_revision: Revision) -> Self {
        Self::new(key, Relation::Equal, Operand::ModRevision(mod_revision))
    }

    /// Compares the version.
    pub fn version(key: impl Into<Bytes>, relation: Relation, version: u64) -> Self {
        Self::new(key, relation, Operand::Version(version))
    }

    /// Compares the value.
    pub fn value(key: impl Into<Bytes>, relation: Relation, value: impl Into<Bytes>) -> Self {
        Self::new(key, relation, Operand::Value(value.into()))
    }

    /// Whether the comparison holds for one key, given its current version. For backends.
    pub fn holds(&self, found: Option<&KeyValue>) -> bool {
        self.holds_for(found.map(|kv| Parts {
            value: &kv.value,
            version: kv.version,
            create_revision: kv.create_revision,
            mod_revision: kv.mod_revision,
            lease: kv.lease,
        }))
    }

    pub(crate) fn holds_for(&self, found: Option<Parts<'_>>) -> bool {
        let part = match &self.operand {
            Operand::Value(value) => match found {
                Some(parts) => parts.value.cmp(value),
                None => return false,
            },
            Operand::Version(version) => found.map_or(0, |parts| parts.version).cmp(version),
            Operand::CreateRevision(revision) => {
                found.map_or(Revision::ZERO, |parts| parts.create_revision).cmp(revision)
            }
            Operand::ModRevision(revision) => found.map_or(Revision::ZERO, |parts| parts.mod_revision).cmp(revision),
            Operand::Lease(lease) => number(found.and_then(|parts| parts.lease)).cmp(&number(*lease)),
        };
        match self.relation {
            Relation::Equal => part.is_eq(),
            Relation::NotEqual => part.is_ne(),
            Relation::Less => part.is_lt(),
            Relation::Greater => part.is_gt(),
        }
    }
}

/// What can be compared of a version.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a> {
    pub(crate) value: &'a Bytes,
    pub(crate) version: u64,
    pub(crate) create_revision: Revision,
    pub(crate) mod_revision: Revision,
    pub(crate) lease: Option<LeaseId>,
}

fn number(lease: Option<LeaseId>) -> i64 {
    lease.map_or(0, LeaseId::get)
}
