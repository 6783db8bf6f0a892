use bytes::Bytes;

use super::Mark;
use super::history::{Batch, History};
use super::hub::Hub;
use super::keys::Keys;
use super::leases::Table;
use crate::txn::Parts;
use crate::{Error, KeyValue, LeaseId, Revision, Status};

/// All that is stored, as of the last revision that is staged.
#[derive(Debug)]
pub(super) struct State {
    pub(super) keys: Keys,
    pub(super) history: History,
    pub(super) leases: Table,
    /// Bytes of the keys and their latest values.
    pub(super) bytes: usize,
    published: Revision,
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

/// What publishing leaves to do once the lock is released.
pub(super) struct Published {
    /// Whether the hub has something to hand out.
    pub(super) told: bool,
    /// History that was let go of.
    pub(super) forgotten: Vec<Batch>,
}

impl State {
    pub(super) fn new(history: History) -> Self {
        let published = history.latest();
        Self { keys: Keys::default(), history, leases: Table::default(), bytes: 0, published, closed: false }
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

    pub(super) fn published(&self) -> Revision {
        self.published
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { revision: self.revision(), lease_changes: self.leases.changes() }
    }

    pub(super) fn published_mark(&self) -> Mark {
        Mark { revision: self.published, lease_changes: self.leases.published() }
    }

    pub(super) fn is_settled(&self) -> bool {
        self.published == self.revision() && self.leases.is_settled()
    }

    /// Publishes what is staged up to `mark`.
    pub(super) fn publish(&mut self, mark: Mark, hub: &Hub) -> Published {
        let (mut told, mut forgotten) = (false, Vec::new());
        if mark.revision > self.published {
            let staged = self.history.since(self.published.next());
            for batch in staged.take((mark.revision.0 - self.published.0) as usize) {
                told |= hub.enqueue(batch);
            }
            self.published = mark.revision;
            forgotten = self.history.trim(self.published);
        }
        self.leases.publish(mark.lease_changes);
        Published { told, forgotten }
    }

    pub(super) fn set_published(&mut self) {
        self.published = self.revision();
        drop(self.history.trim(self.published));
        self.leases.publish(self.leases.changes());
    }

    pub(super) fn check_compact(&self, revision: Revision) -> Result<(), Error> {
        let (oldest, latest) = (self.history.oldest(), self.published);
        if revision > latest {
            Err(Error::Future { asked: revision, latest })
        } else if revision <= oldest {
            Err(Error::Compacted { asked: revision, oldest })
        } else {
            Ok(())
        }
    }

    pub(super) fn compact(&mut self, revision: Revision) -> Result<Vec<Batch>, Error> {
        self.check_compact(revision)?;
        Ok(self.history.compact(revision))
    }

    /// Fails unless the state as of `revision`, of which `latest` is the last, can be told.
    pub(super) fn check_held(&self, revision: Revision, latest: Revision) -> Result<(), Error> {
        let oldest = self.history.oldest();
        if revision > latest {
            Err(Error::Future { asked: revision, latest })
        } else if revision < oldest {
            Err(Error::Compacted { asked: revision, oldest })
        } else {
            Ok(())
        }
    }

    pub(super) fn status(&self) -> Status {
        let size = (self.bytes + self.history.bytes()) as u64;
        Status { revision: self.published, oldest: self.history.oldest(), size, size_in_use: size }
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
