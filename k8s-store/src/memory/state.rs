use bytes::Bytes;

use super::history::{Batch, History};
use super::keys::Keys;
use super::leases::Table;
use crate::txn::Parts;
use crate::{Error, KeyValue, LeaseId, Revision, Status};

/// All that is stored, as of one revision.
#[derive(Debug)]
pub(super) struct State {
    pub(super) keys: Keys,
    pub(super) history: History,
    pub(super) leases: Table,
    /// Bytes of the keys and their latest values.
    pub(super) bytes: usize,
    closed: bool,
}

/// The latest version of a key, without the key.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) value: Bytes,
    pub(super) create_revision: Revision,
    pub(super) mod_revision: Revision,
    pub(super) version: u64,
    pub(super) lease: Option<LeaseId>,
}

impl State {
    pub(super) fn new(history: History) -> Self {
        Self { keys: Keys::default(), history, leases: Table::default(), bytes: 0, closed: false }
    }

    pub(super) fn open(&self) -> Result<&Self, Error> {
        if self.closed { Err(Error::Closed) } else { Ok(self) }
    }

    pub(super) fn open_mut(&mut self) -> Result<&mut Self, Error> {
        if self.closed { Err(Error::Closed) } else { Ok(self) }
    }

    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    pub(super) fn revision(&self) -> Revision {
        self.history.latest()
    }

    pub(super) fn last_batch(&self) -> Option<&Batch> {
        self.history.last()
    }

    pub(super) fn compact(&mut self, revision: Revision) -> Result<Vec<Batch>, Error> {
        let (oldest, latest) = (self.history.oldest(), self.history.latest());
        if revision > latest {
            return Err(Error::Future { asked: revision, latest });
        }
        if revision <= oldest {
            return Err(Error::Compacted { asked: revision, oldest });
        }
        Ok(self.history.compact(revision))
    }

    /// Fails unless the state as of `revision` can be told.
    pub(super) fn check_held(&self, revision: Revision) -> Result<(), Error> {
        let (oldest, latest) = (self.history.oldest(), self.history.latest());
        if revision > latest {
            Err(Error::Future { asked: revision, latest })
        } else if revision < oldest {
            Err(Error::Compacted { asked: revision, oldest })
        } else {
            Ok(())
        }
    }

    pub(super) fn status(&self) -> Status {
        Status {
            revision: self.history.latest(),
            oldest: self.history.oldest(),
            size: (self.bytes + self.history.bytes()) as u64,
            size_in_use: (self.bytes + self.history.bytes()) as u64,
        }
    }
}

impl Slot {
    pub(super) fn under(&self, key: &Bytes) -> KeyValue {
        KeyValue {
            key: key.clone(),
            value: self.value.clone(),
            create_revision: self.create_revision,
            mod_revision: self.mod_revision,
            version: self.version,
            lease: self.lease,
        }
    }

    pub(super) fn parts(&self) -> Parts<'_> {
        let Self { value, create_revision, mod_revision, version, lease } = self;
        let (create_revision, mod_revision, version, lease) = (*create_revision, *mod_revision, *version, *lease);
        Parts { value, version, create_revision, mod_revision, lease }
    }

    /// The same without copying the value's handle, for a version that is about to go.
    pub(super) fn into_version(self, key: Bytes) -> KeyValue {
        let Self { value, create_revision, mod_revision, version, lease } = self;
        KeyValue { key, value, create_revision, mod_revision, version, lease }
    }
}
