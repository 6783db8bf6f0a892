use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::{Memory, Shared};
use crate::{Error, Lease, LeaseId, LeaseStatus, Leases, Revision};

/// The leases that have not ended.
#[derive(Debug, Default)]
pub(super) struct Table {
    granted: BTreeMap<LeaseId, Grant>,
    /// The same, by when they end.
    due: BTreeSet<(Instant, LeaseId)>,
    last_id: i64,
    watched: bool,
}

#[derive(Debug)]
struct Grant {
    ttl: Duration,
    until: Instant,
    keys: BTreeSet<Bytes>,
}

impl Table {
    pub(super) fn check(&self, id: LeaseId) -> Result<(), Error> {
        if self.granted.contains_key(&id) { Ok(()) } else { Err(Error::LeaseNotFound { id }) }
    }

    /// Moves `key` from one lease to another.
    pub(super) fn tie(&mut self, key: &Bytes, before: Option<LeaseId>, now: Option<LeaseId>) {
        if let Some(grant) = before.and_then(|id| self.granted.get_mut(&id)) {
            grant.keys.remove(key);
        }
        if let Some(grant) = now.and_then(|id| self.granted.get_mut(&id)) {
            grant.keys.insert(key.clone());
        }
    }

    fn grant(&mut self, ttl: Duration, id: Option<LeaseId>) -> Result<LeaseId, Error> {
        if ttl.is_zero() {
            return Err(Error::invalid("a lease has no time to live"));
        }
        let id = id.unwrap_or_else(|| self.free_id());
        if self.granted.contains_key(&id) {
            return Err(Error::LeaseExists { id });
        }
        let until = end_of(ttl)?;
        self.granted.insert(id, Grant { ttl, until, keys: BTreeSet::new() });
        self.due.insert((until, id));
        Ok(id)
    }

    fn free_id(&mut self) -> LeaseId {
        loop {
            self.last_id = self.last_id.wrapping_add(1);
            match LeaseId::new(self.last_id) {
                Some(id) if !self.granted.contains_key(&id) => return id,
                _ => {}
            }
        }
    }

    fn keep_alive(&mut self, id: LeaseId) -> Result<Lease, Error> {
        let grant = self.granted.get_mut(&id).ok_or(Error::LeaseNotFound { id })?;
        let until = end_of(grant.ttl)?;
        self.due.remove(&(grant.until, id));
        self.due.insert((until, id));
        grant.until = until;
        Ok(Lease { id, ttl: grant.ttl })
    }

    fn end(&mut self, id: LeaseId) -> Result<BTreeSet<Bytes>, Error> {
        let grant = self.granted.remove(&id).ok_or(Error::LeaseNotFound { id })?;
        self.due.remove(&(grant.until, id));
        Ok(grant.keys)
    }

    fn status(&self, id: LeaseId) -> Result<LeaseStatus, Error> {
        let grant = self.granted.get(&id).ok_or(Error::LeaseNotFound { id })?;
        let remaining = grant.until.saturating_duration_since(Instant::now());
        Ok(LeaseStatus { id, ttl: grant.ttl, remaining, keys: grant.keys.iter().cloned().collect() })
    }
}

fn end_of(ttl: Duration) -> Result<Instant, Error> {
    Instant::now().checked_add(ttl).ok_or_else(|| Error::invalid("a lease outlives the clock"))
}

#[deny(clippy::missing_trait_methods)]
#[async_trait::async_trait]
impl Leases for Memory {
    async fn grant(&self, ttl: Duration, id: Option<LeaseId>) -> Result<Lease, Error> {
        let (id, is_first) = {
            let mut state = self.shared.state.write();
            let leases = &mut state.open_mut()?.leases;
            let id = leases.grant(ttl, id)?;
            (id, !std::mem::replace(&mut leases.watched, true))
        };
        if is_first {
            self.tasks.spawn(end_when_due(Arc::downgrade(&self.shared), Arc::clone(&self.shared.lease_due_earlier)));
        }
        self.shared.lease_due_earlier.notify_one();
        Ok(Lease { id, ttl })
    }

    async fn keep_alive(&self, id: LeaseId) -> Result<Lease, Error> {
        self.shared.state.write().open_mut()?.leases.keep_alive(id)
    }

    async fn revoke(&self, id: LeaseId) -> Result<Revision, Error> {
        self.shared.end_lease(id)
    }

    async fn time_to_live(&self, id: LeaseId) -> Result<LeaseStatus, Error> {
        self.shared.state.read().open()?.leases.status(id)
    }

    async fn leases(&self) -> Result<Vec<LeaseId>, Error> {
        Ok(self.shared.state.read().open()?.leases.granted.keys().copied().collect())
    }
}

impl Shared {
    fn end_lease(&self, id: LeaseId) -> Result<Revision, Error> {
        self.change(|state| {
            let keys = state.leases.end(id)?;
            state.delete_all(keys);
            Ok(state.revision())
        })
    }

    /// Ends one lease whose time is over, or tells when the next will be.
    fn end_next_due(&self) -> Result<(), Option<Instant>> {
        let next = self.state.read().leases.due.first().copied();
        match next {
            Some((until, id)) if until <= Instant::now() => {
                self.change(|state| {
                    // A keep-alive may have come between the two locks.
                    if state.leases.due.contains(&(until, id)) {
                        let keys = state.leases.end(id)?;
                        state.delete_all(keys);
                    }
                    Ok(())
                })
                .map_err(|_| None)
            }
            next => Err(next.map(|(until, _)| until)),
        }
    }
}

async fn end_when_due(shared: Weak<Shared>, due_earlier: Arc<Notify>) {
    loop {
        let next = loop {
            let Some(shared) = shared.upgrade() else { return };
            if let Err(next) = shared.end_next_due() {
                break next;
            }
        };
        match next {
            Some(until) => {
                tokio::select! {
                    biased;
                    () = due_earlier.notified() => {}
                    () = sleep_until(until) => {}
                }
            }
            None => due_earlier.notified().await,
        }
    }
}
