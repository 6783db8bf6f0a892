use std::time::Duration;

use bytes::Bytes;

use super::commit::Change;
use super::history::History;
use super::keys::Keys;
use super::state::{Slot, State};
use super::{Engine, Limits};
use crate::{Error, Event, KeyValue, LeaseId, Revision};

/// An engine that is being filled with what was stored before.
///
/// First the contents as of one revision, then the transactions after it in order, then [`Fill::finish`]. Leases may be
/// named in any order, before or after the keys tied to them; the last word about each counts.
#[derive(Debug)]
pub struct Fill {
    state: State,
}

impl Fill {
    /// Begins with the contents as of `revision`, whose own changes are `batch`; it becomes the oldest that is held.
    /// `keys` is how many keys to expect.
    pub fn new(limits: Limits, revision: Revision, batch: Vec<Event>, keys: usize) -> Self {
        let batch = (!batch.is_empty()).then(|| batch.into());
        let mut state = State::new(History::beginning_at(revision, batch, limits));
        state.keys = Keys::filling(keys);
        Self { state }
    }

    /// The revision up to which it is filled.
    pub fn revision(&self) -> Revision {
        self.state.revision()
    }

    /// Adds keys with their versions as of the first revision, each after all before it.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when one does not come after those before it.
    pub fn keys(&mut self, keys: impl IntoIterator<Item = KeyValue>) -> Result<(), Error> {
        for KeyValue { key, value, create_revision, mod_revision, version, lease } in keys {
            self.state.bytes += key.len() + value.len();
            let slot = Slot { value, create_revision, mod_revision, version, lease };
            if !self.state.keys.append(key, slot) {
                return Err(Error::Corrupt { place: "keys are not in order".into() });
            }
        }
        Ok(())
    }

    /// Runs the changes of the next transaction again.
    pub fn txn(&mut self, changes: impl IntoIterator<Item = Change>) {
        self.state.repeat(changes);
        self.state.set_published();
    }

    /// Forgets the history before `revision`, if there is one.
    pub fn compact(&mut self, revision: Revision) {
        let _forgotten = self.state.compact(revision);
    }

    /// Starts a lease, or keeps the one of this name.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a time to live that cannot be.
    pub fn grant(&mut self, id: LeaseId, ttl: Duration) -> Result<(), Error> {
        match self.state.leases.grant(ttl, Some(id)) {
            Ok(_) | Err(Error::LeaseExists { .. }) => {
                self.state.leases.avoid(id);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Ends a lease, if there is one of this name. Its keys are deleted by a transaction.
    pub fn end_lease(&mut self, id: LeaseId) {
        let _gone = self.state.leases.end(id);
        self.state.leases.avoid(id);
    }

    /// The engine, with everything published and every lease's time starting now.
    pub fn finish(mut self) -> Engine {
        self.state.keys.order();
        self.state.tie_all();
        self.state.leases.renew();
        self.state.set_published();
        Engine::of(self.state)
    }
}

/// What `Change::Put` and `Change::Delete` were, as events say it.
impl From<&Event> for Change {
    fn from(event: &Event) -> Self {
        let key: Bytes = event.kv.key.clone();
        match event.kind {
            crate::EventKind::Put => Self::Put { key, value: event.kv.value.clone(), lease: event.kv.lease },
            crate::EventKind::Delete => Self::Delete { key },
        }
    }
}
