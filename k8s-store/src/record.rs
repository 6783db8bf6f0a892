use bytes::Bytes;

use crate::{LeaseId, Revision};

/// One version of one key.
///
/// Cloning shares the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyValue {
    /// Never empty.
    pub key: Bytes,
    /// May be empty.
    pub value: Bytes,
    /// The revision at which the key came to be, since it was last deleted.
    pub create_revision: Revision,
    /// The revision of this version.
    pub mod_revision: Revision,
    /// 1 for the version that created the key, one more for each overwrite.
    pub version: u64,
    /// The lease with whose end the key is deleted.
    pub lease: Option<LeaseId>,
}

/// What happened to one key in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Whether the key was written or deleted.
    pub kind: EventKind,
    /// The new version. Of a deletion: the key and, as `mod_revision`, the revision of the deletion; all else is
    /// zero or empty.
    pub kv: KeyValue,
    /// The version before, if there was one and the watch asked for it.
    pub prev: Option<KeyValue>,
}

/// Whether a key was written or deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// The key was created (`kv.version` is 1) or overwritten.
    Put,
    /// The key was deleted, by a transaction or by the end of its lease.
    Delete,
}

impl KeyValue {
    /// What a deletion at `revision` leaves of `key` in its event.
    pub fn tombstone(key: Bytes, revision: Revision) -> Self {
        let (value, create_revision) = (Bytes::new(), Revision::ZERO);
        Self { key, value, create_revision, mod_revision: revision, version: 0, lease: None }
    }
}

impl Event {
    /// Whether the key did not exist before.
    pub fn is_create(&self) -> bool {
        self.kind == EventKind::Put && self.kv.version == 1
    }
}
